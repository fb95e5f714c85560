"""Every word of the language: its parameters, meaning, source and, for layers, the shape rule."""
