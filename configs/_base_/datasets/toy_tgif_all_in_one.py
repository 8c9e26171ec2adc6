# What the toy data sets of TGIF-QA share, for a small All-in-one: the GIFs,
# and how they are divided. The files beside say which questions are read.
_base_ = ['./all_in_one_toy.py']

gifs = dict(
    data_root='data/toy/tgif_qa',
    video_key='gif_name',
    data_prefix=dict(video='gifs'),
    video_suffix='.gif')
train_dataloader = dict(dataset=dict(dataset=gifs))
meta_dataloader = train_dataloader
# As at full size there is no validation file, so a tenth of the training clips
# is kept out. The meta batches are of them, too.
val_dataloader = dict(
    dataset=dict(
        type='SeededSplit', part='val', dataset=dict(**gifs, test_mode=True)))
test_dataloader = dict(dataset=dict(**gifs, test_mode=True))
