"""The terminal client, chatterlink-client, black box: the real program, a tiny server, a terminal emulator."""
