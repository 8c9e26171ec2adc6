# UniVL + MELTR, captioning on YouCook2.
#
#   python tools/train.py configs/meltr_univl_youcook2_captioning.py
#   bash tools/dist_train.sh configs/meltr_univl_youcook2_captioning.py 4
#
# The second has the batch below, 4 processes of 4.
#
# Data: data/youcook2/ (docs/data/youcook2.md), the files of retrieval. The
# text encoder reads the transcript; those of the published numbers are not
# public, and each is 'NONE' in the public pickle.
# Weights: UniVL's pre-training checkpoint, converted with
#   python tools/convert/univl.py univl.pretrained.bin checkpoints/univl.pth
# and given as --cfg-options load_from=checkpoints/univl.pth
# Paper, with transcripts, which are not public: BLEU-3 24.12, BLEU-4 17.92,
# METEOR 22.56, ROUGE-L 47.04, CIDEr 1.90. With the public files compare with
# UniVL's own figures without transcripts: BLEU-4 11.17, METEOR 17.69, CIDEr
# 1.2725. (Our metric gives all of them times 100.) Hyper-parameters: lengths,
# batch (16 in all), rate (3e-5) and epochs (5) of UniVL's README; those of
# MELTR are the defaults of its code.
# A whole run: 5 epochs of some 10,330 clips (docs/data/youcook2.md), 16 per
# update on 4 GPUs: 3,225 updates, 323 meta steps. What differs from the
# published recipe: configs/official.
# Memory (docs/costs.md): 4.24 GiB of tensors in an update of 4 per GPU, 6.63
# in one with a meta step.
_base_ = ['_base_/default_runtime.py', '_base_/univl.py']

data_root = '{{$MELTR_DATA:data}}/youcook2'
feature_file = '${data_root}/youcookii_videos_features.pickle'
# Words and frames of UniVL's README.
max_length = 128
max_frames = 96
# Captions are compared word by word, in the model's spelling. Officially they
# are also cut to the longest caption: reference_length='${max_length}'.
test_inputs = dict(references=True)

train_set = dict(
    type='YouCook2Dataset',
    data_root='${data_root}',
    ann_file='youcookii_train.csv',
    data_file='youcookii_data.no_transcript.pickle',
    encoder_text='transcript',
    pipeline=['${train_inputs}'])
# The validation clips are what everybody tests on: the captions of the test
# split were never published.
val_set = dict(
    train_set,
    ann_file='youcookii_val.csv',
    test_mode=True,
    pipeline=['${test_inputs}'])
test_set = dict(val_set)
# 16 in all in UniVL's README: 4 processes of 4.
train_dataloader = dict(batch_size=4)

# The public files have no transcripts, so that all texts are the same: what
# compares or hides texts would cost B x B passes and teach nothing. With
# transcripts, name all eight losses of the base.
#
# Beam 5 is the official constant. stopping='official' searches as the released
# code does.
model = dict(
    model=dict(
        task=dict(
            _delete_=True,
            type='UniVLCaptioning',
            tokenizer='${tokenizer}',
            max_length='${max_length}',
            beam_size=5)),
    losses=['loss_mfm', 'loss_decoder', 'loss_m_decoder'],
    primary='loss_decoder')

optim_wrapper = dict(optimizer=dict(lr=3e-5))
# 'plain' splits at blanks, as the published evaluation does; 'ptb' is that of
# the COCO toolkit.
val_evaluator = dict(type='CaptionMetric', tokenizer='plain')
test_evaluator = val_evaluator
default_hooks = dict(
    checkpoint=dict(save_best='caption/CIDEr', rule='greater'))
