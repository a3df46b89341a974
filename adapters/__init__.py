"""The edge of Easel: the command line, the HTTP server and one package for each chat platform."""
