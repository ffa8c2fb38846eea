"""How each product is filled with texts and vectors, and asked; only the product itself is imported.

Every builder takes Material and returns what answers (text, vector) with the rows of the ten best texts, best first.
This module runs in any environment: nothing of this project is imported.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Search = Callable[[str, Any], list[int]]
COUNT = 10


@dataclass(frozen=True)
class Material:
    """Texts cut into words by spaces, their unit vectors, and those of the questions that will be asked."""

    texts: Sequence[str]
    vectors: Any
    asked: Mapping[str, Any]

    def vector_of(self, text: str) -> Any:
        return self.asked[text] if text in self.asked else self.vectors[self.texts.index(text)]


def _txtai(material: Material, *, hybrid: bool) -> Search:
    from txtai import Embeddings

    known = dict(zip(material.texts, material.vectors, strict=True)) | dict(material.asked)
    index = Embeddings(
        method="external",
        transform=lambda texts: np.stack([known[text] for text in texts]),
        hybrid=hybrid,
        content=False,
        backend="faiss",
    )
    index.index([(row, text, None) for row, text in enumerate(material.texts)])
    return lambda text, _: [int(row) for row, _ in index.search(text, COUNT)]


def txtai_dense(material: Material) -> Search:
    return _txtai(material, hybrid=False)


def txtai_hybrid(material: Material) -> Search:
    return _txtai(material, hybrid=True)


def langchain_faiss(material: Material) -> Search:
    from langchain_community.vectorstores import FAISS
    from langchain_core.embeddings import Embeddings

    class Known(Embeddings):
        def embed_documents(self, texts: list[str]) -> list[list[float]]:
            return [material.vector_of(text).tolist() for text in texts]

        def embed_query(self, text: str) -> list[float]:
            return list(material.vector_of(text).tolist())

    pairs = zip(material.texts, material.vectors.tolist(), strict=True)
    store = FAISS.from_embeddings(pairs, Known(), metadatas=[{"row": row} for row in range(len(material.texts))])

    def search(_: str, vector: Any) -> list[int]:
        return [each.metadata["row"] for each in store.similarity_search_by_vector(vector.tolist(), k=COUNT)]

    return search


def llama_index_faiss(material: Material) -> Search:
    import faiss
    from llama_index.core.schema import TextNode
    from llama_index.core.vector_stores.types import VectorStoreQuery
    from llama_index.vector_stores.faiss import FaissVectorStore

    store = FaissVectorStore(faiss_index=faiss.IndexFlatIP(material.vectors.shape[1]))
    rows = zip(material.texts, material.vectors.tolist(), strict=True)
    store.add([TextNode(id_=str(row), text=text, embedding=vector) for row, (text, vector) in enumerate(rows)])

    def search(_: str, vector: Any) -> list[int]:
        found = store.query(VectorStoreQuery(query_embedding=vector.tolist(), similarity_top_k=COUNT))
        return [int(row) for row in found.ids or ()]

    return search


def chroma(material: Material) -> Search:
    import chromadb

    collection = chromadb.EphemeralClient().create_collection("texts", configuration={"hnsw": {"space": "ip"}})
    for start in range(0, len(material.texts), 5000):
        rows = range(start, min(start + 5000, len(material.texts)))
        collection.add(
            ids=[str(row) for row in rows],
            embeddings=material.vectors[rows.start : rows.stop],
            documents=[material.texts[row] for row in rows],
        )

    def search(_: str, vector: Any) -> list[int]:
        found = collection.query(query_embeddings=[vector], n_results=COUNT, include=["distances"])
        return [int(row) for row in found["ids"][0]]

    return search


def qdrant_local(material: Material) -> Search:
    from qdrant_client import QdrantClient, models

    client = QdrantClient(":memory:")
    size = material.vectors.shape[1]
    client.create_collection("texts", vectors_config=models.VectorParams(size=size, distance=models.Distance.COSINE))
    client.upload_collection("texts", vectors=material.vectors, ids=list(range(len(material.texts))))

    def search(_: str, vector: Any) -> list[int]:
        return [int(each.id) for each in client.query_points("texts", query=vector, limit=COUNT).points]

    return search


def lancedb_table(material: Material) -> Search:
    import lancedb

    folder = tempfile.mkdtemp(prefix="lancedb-")
    rows = zip(material.texts, material.vectors, strict=True)
    data = [{"row": row, "text": text, "vector": vector} for row, (text, vector) in enumerate(rows)]
    table = lancedb.connect(folder).create_table("texts", data=data)

    def search(_: str, vector: Any) -> list[int]:
        found = table.search(vector).distance_type("cosine").select(["row"]).limit(COUNT).to_arrow()
        return [int(row) for row in found["row"].to_pylist()]

    return search


def haystack_memory(material: Material) -> Search:
    from haystack import Document
    from haystack.components.retrievers.in_memory import InMemoryEmbeddingRetriever
    from haystack.document_stores.in_memory import InMemoryDocumentStore

    store = InMemoryDocumentStore(embedding_similarity_function="dot_product")
    rows = zip(material.texts, material.vectors.tolist(), strict=True)
    store.write_documents(
        [Document(id=str(row), content=text, embedding=vector) for row, (text, vector) in enumerate(rows)]
    )
    retriever = InMemoryEmbeddingRetriever(store, top_k=COUNT)

    def search(_: str, vector: Any) -> list[int]:
        return [int(each.id) for each in retriever.run(query_embedding=vector.tolist())["documents"]]

    return search


PRODUCTS: Mapping[str, tuple[str, Callable[[Material], Search]]] = {
    "txtai, vectors": ("txtai", txtai_dense),
    "txtai, hybrid": ("txtai", txtai_hybrid),
    "LangChain, FAISS": ("langchain_community", langchain_faiss),
    "LlamaIndex, FAISS": ("llama_index", llama_index_faiss),
    "Chroma": ("chromadb", chroma),
    "Qdrant, local": ("qdrant_client", qdrant_local),
    "LanceDB": ("lancedb", lancedb_table),
    "haystack, memory": ("haystack", haystack_memory),
}
"""Name in the table → the module that must be there, and its builder."""
