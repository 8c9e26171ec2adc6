# What VIOLET's data sets of TGIF-QA share at full size: frames, codes, and how
# the GIFs are divided. The files beside say which questions are read.
#
# data/tgif/
#   img_tgif.pkl   {clip: [5 JPEGs, base64]}
#   tgif_vq.pkl    {clip: (5, 7, 7) codes of the DALL-E dVAE}
#   gifs/*.gif     only for reading frames from the GIFs
_base_ = ['./violet.py']

data_root = 'data/tgif'
# To read the GIFs instead of the extracted frames, replace `read_frames` by
#   read_frames = [
#       dict(type='PyAVInit'),
#       dict(type='CountGIFFrames'),
#       dict(type='SampleFramesEvenly', clip_len=_base_.clip_len),
#       dict(type='PyAVDecode'),
#   ]
# and in `questions` beside set data_prefix=dict(video='gifs')
read_frames = [
    dict(
        type='DecodeJPEGFrames',
        img_file=f'{data_root}/img_tgif.pkl',
        clip_len=_base_.clip_len),
]
load_codes = dict(type='LoadVQCodes', vq_file=f'{data_root}/tgif_vq.pkl')

# TGIF-QA has no validation set; the official code watches the test set. Here
# a twentieth of the training GIFs validates.
train_dataloader = dict(
    dataset=dict(
        type='SeededSplit',
        part='train',
        fraction=0.05,
        dataset=dict(split='train')))
val_dataloader = dict(
    dataset=dict(
        type='SeededSplit',
        part='val',
        fraction=0.05,
        dataset=dict(split='train', test_mode=True)))
test_dataloader = dict(dataset=dict(split='test', test_mode=True))
