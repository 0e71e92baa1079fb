namespace nsmap::codec {}
