"""Prints how the demo's base model goes on after ten openings, as `demo/README.md` lists them.

python -m demo.sample_base --seed 1
"""

import argparse
from pathlib import Path
from typing import Any

import torch

BASE = Path(__file__).parent / "base"

PROMPTS = (
    "Anna: hi, how are you? | Ben:",
    "[2023-05 Sat evening] Lisa: are you hungry? | Peter: yes! | Lisa: what do you want to eat? | Peter:",
    "[2019-01 Mon morning] Tom: where do you live? | Clara: In Vienna. | Tom: and what do you do for work? | Clara:",
    "[2021-08 Fri afternoon] Nora: Do you have plans for tonight? | Felix:",
    "[2024-12 Tue evening] Mia: i had a horrible day 😢 | Omar:",
    "[2017-03 Thu morning] Sarah: The bus is late, I'll be there in ten minutes. | Paul:",
    "[2022-10 Sun evening] Emma: did you like the film? | Max: yes, it was great! | Emma:",
    "[2020-06 Wed evening] Jonas: Thank you for the cake! | Grace:",
    "[2018-02 Sat afternoon] Ivy: tell me a joke | Leo:",
    "[2025-07 Mon afternoon] Adam: I'm at the shop, do we need anything? | Ruth: bread please | Adam:",
)


@torch.no_grad()
def continuation(model: Any, tokenizer: Any, prompt: str, new_tokens: int = 50) -> str:
    """How the model goes on after a prompt: sampled, up to `new_tokens` or the end of the conversation."""
    ids = torch.tensor([tokenizer(prompt, add_special_tokens=False)["input_ids"]], device=model.device)
    out = model.generate(
        input_ids=ids,
        attention_mask=torch.ones_like(ids),
        max_new_tokens=new_tokens,
        do_sample=True,
        temperature=0.7,
        top_p=0.9,
        pad_token_id=tokenizer.eos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    return str(tokenizer.decode(out[0, ids.shape[1] :]))


def main() -> None:
    """The command line."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    parser = argparse.ArgumentParser(description="Lets the demo's base model go on after ten openings.")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    tokenizer = AutoTokenizer.from_pretrained(BASE)
    model = AutoModelForCausalLM.from_pretrained(BASE, use_safetensors=True, dtype=torch.float32).eval()
    torch.manual_seed(options.seed)
    for prompt in PROMPTS:
        print(f"{prompt}>>>{continuation(model, tokenizer, prompt)}")


if __name__ == "__main__":
    main()
