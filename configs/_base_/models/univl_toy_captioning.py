# The small UniVL, for captioning. A leaf sets the tokenizer and the greatest
# length of a caption, in tokens.
_base_ = ['./univl_toy.py']

# All eight losses make a step twice as long. The model computes only what is
# listed.
model = dict(
    model=dict(task=dict(_delete_=True, type='UniVLCaptioning', beam_size=3)),
    losses=['loss_joint', 'loss_mlm', 'loss_mfm', 'loss_decoder'],
    primary='loss_decoder')
