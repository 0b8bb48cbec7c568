"""From a picture to a face crop and its depth: find, crop, landmarks, depth targets."""
