# MSRVTT-QA for All-in-one at full size: as MSVD-QA but for its files. A leaf
# with it is configs/meltr_all_in_one_msvdqa.py with this base in place of
# msvd_qa_all_in_one.py and num_answers=1501.
#
# data/msrvtt/
#   msrvtt_qa_{train,val,test}.jsonl  question, answer, video_id
#   msrvtt_train_ans2label.json       the 1500 answers
#   videos/*.mp4
_base_ = ['./msvd_qa_all_in_one.py']

files = dict(
    data_root='data/msrvtt',
    vocab_file='msrvtt_train_ans2label.json',
    mapping_file=None,
    video_suffix='.mp4')
train_dataloader = dict(
    dataset=dict(**files, ann_file='msrvtt_qa_train.jsonl'))
val_dataloader = dict(dataset=dict(**files, ann_file='msrvtt_qa_val.jsonl'))
test_dataloader = dict(dataset=dict(**files, ann_file='msrvtt_qa_test.jsonl'))
