# UniVL + MELTR, captioning on YouCook2.
#
#   python tools/train.py configs/meltr_univl_youcook2_captioning.py
#   bash tools/dist_train.sh configs/meltr_univl_youcook2_captioning.py 4
#
# The second has the batch below, 4 processes of 4.
#
# Data: data/youcook2/ (docs/data/youcook2.md). Weights: UniVL's pre-training
# checkpoint, converted with
#   python tools/convert/univl.py univl.pretrained.bin checkpoints/univl.pth
# and given as --cfg-options load_from=checkpoints/univl.pth
# Paper, with transcripts, which are not public: BLEU-4 17.92, METEOR 22.56,
# ROUGE-L 47.04, CIDEr 1.90. With the public files compare with UniVL's own
# figures without transcripts: BLEU-4 11.17, METEOR 17.69, CIDEr 1.2725. (Our
# metric gives all of them times 100.) Hyper-parameters: lengths, batch (16 in
# all), rate (3e-5) and epochs (5) of UniVL's README; those of MELTR are the
# defaults of its code.
_base_ = [
    '_base_/default_runtime.py', '_base_/models/univl_captioning.py',
    '_base_/datasets/youcook2_captioning_univl.py',
    '_base_/schedules/aid_univl.py'
]

optim_wrapper = dict(optimizer=dict(lr=3e-5))

# A caption has as many tokens as a text.
model = dict(
    model=dict(task=dict(tokenizer=_base_.tokenizer, max_length=128)))

default_hooks = dict(
    checkpoint=dict(save_best='caption/CIDEr', rule='greater'))
