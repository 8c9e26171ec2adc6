# MSRVTT multiple choice for All-in-one at full size: which of five captions
# belongs to a video. Only its test has files; training chooses between the
# own caption of a video of the retrieval data and captions of others.
#
# data/msrvtt/
#   msrvtt_mc_test.jsonl  clip_name, options (5), answer
#   MSR_VTT.json, train_list_7k.txt
#   videos/*.mp4          officially videos/all, for the test
#
# The list of 7,010, not that of 9,000, has no video of the test.
_base_ = ['./all_in_one.py']

tokenize = dict(_base_.tokenize_options, template='{option}')
train_pipeline = [
    *_base_.read_train,
    tokenize,
    _base_.mask,
    _base_.pack_options_train,
]
test_pipeline = [*_base_.read_test, tokenize, _base_.pack_options_test]

# A tenth of the training videos is kept out for validation.
captions = dict(
    type='MSRVTTDrawnChoiceDataset',
    data_root='data/msrvtt',
    ann_file='MSR_VTT.json',
    list_file='train_list_7k.txt')
train_dataloader = dict(
    dataset=dict(
        type='SeededSplit',
        part='train',
        dataset=dict(**captions, pipeline=train_pipeline)))
val_dataloader = dict(
    dataset=dict(
        type='SeededSplit',
        part='val',
        dataset=dict(**captions, test_mode=True, pipeline=test_pipeline)))
test_dataloader = dict(
    dataset=dict(
        type='ChoiceLinesDataset',
        data_root='data/msrvtt',
        ann_file='msrvtt_mc_test.jsonl',
        video_key='clip_name',
        test_mode=True,
        pipeline=test_pipeline))

val_evaluator = dict(type='OpenEndedQAMetric', num_answers=5)
test_evaluator = val_evaluator
