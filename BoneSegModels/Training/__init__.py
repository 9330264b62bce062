"""Training of the bundled networks: data, augmentation, training, cross-validation, evaluation."""
