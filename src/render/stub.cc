namespace nsmap::render {}
