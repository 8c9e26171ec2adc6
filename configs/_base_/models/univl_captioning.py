# UniVL for captioning, at its published size. A leaf sets the tokenizer and
# the greatest length of a caption, in tokens.
_base_ = ['./univl.py']

# Beam 5 is the official constant. stopping='official' searches as the
# released code does.
model = dict(
    model=dict(task=dict(_delete_=True, type='UniVLCaptioning', beam_size=5)),
    primary='loss_decoder')
