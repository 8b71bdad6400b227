"""What every command stands on: the model, the grammar, the road of dispatch, and the ports to the outside."""
