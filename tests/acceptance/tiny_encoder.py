"""A transformer of two layers that learns a small language within seconds, with the interface of the large ones."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import torch

PAD, MASK = 0, 1


class TinyEncoder(torch.nn.Module):
    """Two layers of self-attention over embeddings and positions; optionally each token sees only earlier ones."""

    def __init__(self, n_tokens, *, width=64, most=64, causal=False, seed=0):
        super().__init__()
        torch.manual_seed(seed)
        self.tokens = torch.nn.Embedding(n_tokens, width)
        self.places = torch.nn.Embedding(most, width)
        for table in (self.tokens, self.places):
            torch.nn.init.normal_(table.weight, std=0.3)
        layer = torch.nn.TransformerEncoderLayer(width, 4, 4 * width, dropout=0.1, batch_first=True)
        self.layers = torch.nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.causal = causal

    def get_input_embeddings(self):
        return self.tokens

    def forward(self, inputs_embeds, attention_mask):
        t = inputs_embeds.shape[1]
        # Places are counted from the end, so that a prompt in front moves nothing.
        places = (attention_mask.sum(dim=1, keepdim=True) - 1 - torch.arange(t)[None]).clamp(min=0)
        x = inputs_embeds + self.places(places)
        ahead = torch.triu(torch.ones(t, t, dtype=torch.bool), diagonal=1) if self.causal else None
        hidden = self.layers(x, mask=ahead, src_key_padding_mask=attention_mask == 0)
        return SimpleNamespace(last_hidden_state=hidden)


def pretrain(encoder, texts, *, n_steps=400, batch=64, share=0.2, seed=0):
    """Learn to fill in masked tokens of texts, (n, t) ids; ``share`` is that of masked ones, also by place."""
    rng = np.random.default_rng(seed)
    optimizer = torch.optim.AdamW(encoder.parameters(), lr=2e-3)
    encoder.train()
    for _ in range(n_steps):
        ids = texts[rng.integers(0, len(texts), batch)]
        hidden_away = rng.random(ids.shape) < share
        seen = torch.from_numpy(np.where(hidden_away, MASK, ids))
        mask = torch.ones_like(seen)
        out = encoder(encoder.tokens(seen), mask).last_hidden_state
        logits = out[torch.from_numpy(hidden_away)] @ encoder.tokens.weight.T
        loss = torch.nn.functional.cross_entropy(logits, torch.from_numpy(ids[hidden_away]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return encoder.eval()
