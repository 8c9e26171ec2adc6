# What All-in-one's data sets of TGIF-QA share at full size: the GIFs, and how
# they are divided. The files beside say which questions are read.
#
# data/tgif/
#   gifs/*.gif
_base_ = ['./all_in_one.py']

gifs = dict(
    data_root='data/tgif',
    video_key='gif_name',
    data_prefix=dict(video='gifs'),
    video_suffix='.gif')
# There is no validation file, so a tenth of the training GIFs is kept out.
# Officially the test file serves for validation.
train_dataloader = dict(
    dataset=dict(type='SeededSplit', part='train', dataset=gifs))
val_dataloader = dict(
    dataset=dict(
        type='SeededSplit', part='val', dataset=dict(**gifs, test_mode=True)))
test_dataloader = dict(dataset=dict(**gifs, test_mode=True))
