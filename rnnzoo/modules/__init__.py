"""What tasks compose: embedding, encoder, pooling and their initialisation; torch alone, no Lightning."""
