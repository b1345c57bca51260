"""Where screens go: text, PNG files, a framebuffer, an SPI panel. One file each."""
