"""What a backend writes: the model as a program (`model`) and the experiment around it (`training`)."""
