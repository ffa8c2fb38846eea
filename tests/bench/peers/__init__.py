"""The knowledge base beside other products, on the same articles with the same vectors."""
