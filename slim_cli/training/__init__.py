"""Training and evaluating SLIM: manifests, packed audio, encoders, stage 1, stage 2, the evaluation protocol."""
