"""torch.fx.experimental: what models ask about tracing."""
