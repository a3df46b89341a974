"""The playground: a chat platform in a local web page, for the demo and for trying settings. Nothing to configure."""
