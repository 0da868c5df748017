"""How a control socket is reached: bytes out, bytes back, and every trouble as a `Failure`."""
