import torch.nn.functional as F
from torch import nn


class MultiHeadAttention(nn.Module):
    """Attention with heads of any size; each projection is a layer, as in Keras."""

    def __init__(
        self,
        channels,
        heads,
        key_dim=None,
        value_channels=None,
        causal=False,
        bias=True,
        dropout=0.0,
    ):
        super().__init__()
        self.heads = heads
        self.causal = causal
        self.dropout = dropout
        width = heads * (key_dim or channels // heads)
        value_channels = value_channels or channels
        self.query = nn.Linear(channels, width, bias=bias)
        self.key = nn.Linear(value_channels, width, bias=bias)
        self.value = nn.Linear(value_channels, width, bias=bias)
        self.output = nn.Linear(width, channels, bias=bias)

    def forward(self, query, value=None):
        value = query if value is None else value
        q, k, v = self.query(query), self.key(value), self.value(value)
        q, k, v = (x.unflatten(-1, (self.heads, -1)).transpose(1, 2) for x in (q, k, v))
        dropout = self.dropout if self.training else 0.0
        x = F.scaled_dot_product_attention(
            q, k, v, dropout_p=dropout, is_causal=self.causal
        )
        return self.output(x.transpose(1, 2).flatten(2))
