"""What server and relay agree on with whoever speaks TLS to them."""

TLS_1_2_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""Forward secret and authenticated (RFC 9325 §4.2). TLS 1.3 has none but such."""
