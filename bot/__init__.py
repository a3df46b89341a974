"""The core of Easel. It knows no platform: adapters translate into its vocabulary and back."""
