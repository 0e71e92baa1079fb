// The page as it was built (NSMAP_PAGE names the file), for page.cc.
    .section .rodata
    .global nsmap_page_begin
    .global nsmap_page_end
nsmap_page_begin:
    .incbin NSMAP_PAGE
nsmap_page_end:
    .byte 0
    .section .note.GNU-stack,"",%progbits
