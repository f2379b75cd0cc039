"""A real, tiny sentence encoder: a BERT without layers, in which words of one meaning have one vector."""

from pathlib import Path

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

MEANINGS = (("swim", "bathe", "water", "schwimmen", "planschen"), ("born", "birthplace", "geboren"), ("pet", "animal"))
_SIZE = 64


def tiny_encoder(folder: Path) -> Path:
    """Writes it; words of other meanings, or of none, are as good as at right angles."""
    words = {"[PAD]": 0, "[UNK]": 1}
    torch.manual_seed(0)
    vectors = [torch.zeros(_SIZE), torch.randn(_SIZE)]
    for alike in MEANINGS:
        vector = torch.randn(_SIZE)
        for word in alike:
            words[word] = len(words)
            vectors.append(vector)
    config = BertConfig(
        vocab_size=len(words), hidden_size=_SIZE, num_hidden_layers=0, num_attention_heads=1, intermediate_size=8
    )
    model = BertModel(config, add_pooling_layer=False)
    with torch.no_grad():
        for parameter in (model.embeddings.position_embeddings, model.embeddings.token_type_embeddings):
            parameter.weight.zero_()
        model.embeddings.word_embeddings.weight.copy_(torch.stack(vectors))
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    model.save_pretrained(folder)
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]").save_pretrained(folder)
    return folder
