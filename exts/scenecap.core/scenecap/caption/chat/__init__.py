"""Captions by chat models, held to the scene graph: any server that speaks OpenAI's chat protocol."""
