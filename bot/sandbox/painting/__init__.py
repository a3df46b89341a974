"""The painter of the sandbox: pure drawing with Pillow, seeded by the request. No HTTP, no asyncio, no clock."""
