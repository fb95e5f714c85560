;;; dslc-words.el --- The words of dslc  -*- lexical-binding: t; -*-

;; SPDX-License-Identifier: Apache-2.0

;;; Commentary:

;; Made by tools/regen.py from the vocabulary of dslc: edit that.

;;; Code:

(defconst dslc-definitions
  '("model" "block" "import")
  "The definitions of dslc.")

(defconst dslc-keywords
  '("and" "as" "assert" "else" "input" "match" "not" "or" "output" "repeat"
    "where")
  "The keywords of dslc.")

(defconst dslc-sections
  '("defaults" "data" "augment" "train" "finetune" "evaluate" "hidden" "output"
    "phase")
  "The sections of dslc.")

(defconst dslc-settings
  '("init" "bias_init" "regularizer" "bias_regularizer" "constraint" "bias"
    "padding" "numerics" "source" "split" "scale" "batch" "shuffle" "seed"
    "workers" "loss" "optimizer" "epochs" "metrics" "class_weight" "clip"
    "accumulate" "ema" "precision" "deterministic" "track" "strategy" "bn"
    "protocol" "confidence" "freeze" "unfreeze" "optimizer_state" "rates")
  "The settings of dslc.")

(defconst dslc-constants
  '("true" "false" "none" "valid" "same" "causal" "nearest" "bilinear"
    "imagenet" "tanh" "exact" "stock" "balanced" "float32" "mixed" "mlflow"
    "frozen" "train" "reset" "keep" "error" "drop" "mean" "edge" "reflect"
    "kernels" "min" "max" "high" "low" "small" "large")
  "The constants of dslc.")

(defconst dslc-layer-words
  '("Dense" "Conv1D" "Conv2D" "Conv3D" "Conv2DTranspose" "DepthwiseConv2D"
    "SeparableConv2D" "MaxPool1D" "MaxPool2D" "MaxPool3D" "AvgPool1D"
    "AvgPool2D" "AvgPool3D" "GlobalAvgPool1D" "GlobalAvgPool2D"
    "GlobalAvgPool3D" "GlobalMaxPool1D" "GlobalMaxPool2D" "GlobalMaxPool3D"
    "BatchNorm" "LayerNorm" "GroupNorm" "RMSNorm" "Flatten" "Reshape" "Permute"
    "ZeroPad" "Crop" "Upsample" "Dropout" "SpatialDropout" "GaussianNoise"
    "GaussianDropout" "AlphaDropout" "SimpleRNN" "LSTM" "GRU" "Bidirectional"
    "Embedding" "PositionEmbedding" "MultiHeadAttention" "VGG16" "VGG19"
    "InceptionV3" "ResNet18" "ResNet34" "ResNet50" "ResNet101" "ResNet152"
    "MobileNetV2" "DenseNet121" "EfficientNetB0")
  "The layer words of dslc.")

(defconst dslc-activation-words
  '("relu" "relu6" "leaky_relu" "prelu" "elu" "selu" "gelu" "silu" "mish"
    "sigmoid" "hard_sigmoid" "hard_swish" "tanh" "softplus" "softmax" "identity")
  "The activation words of dslc.")

(defconst dslc-merge-words
  '("add" "subtract" "average" "maximum" "multiply" "concat" "dot")
  "The merge words of dslc.")

(defconst dslc-section-words
  '("glorot_uniform" "glorot_normal" "he_uniform" "he_normal" "lecun_uniform"
    "lecun_normal" "orthogonal" "normal" "truncated_normal" "uniform" "zeros"
    "ones" "constant" "l1" "l2" "l1_l2" "max_norm" "unit_norm" "non_negative"
    "digits" "iris" "wine" "breast_cancer" "diabetes" "mnist" "fashion_mnist"
    "cifar10" "idx" "images" "csv" "npz" "text" "stratified" "random" "zscore"
    "backbone" "HorizontalFlip" "VerticalFlip" "ShiftScaleRotate" "Affine"
    "RandomCrop" "CenterCrop" "RandomResizedCrop" "RandomBrightnessContrast"
    "ColorJitter" "CLAHE" "Blur" "GaussianBlur" "GaussNoise" "CoarseDropout"
    "RandAugment" "MixUp" "CutMix" "cross_entropy" "binary_cross_entropy" "mse"
    "mae" "huber" "accuracy" "top_k" "precision" "recall" "f1" "auc" "rmse"
    "SGD" "Adam" "AdamW" "Adagrad" "RMSprop" "Adamax" "Nadam" "Adadelta" "Lion"
    "step" "piecewise" "exponential" "cosine" "cosine_restarts" "linear"
    "one_cycle" "global_norm" "norm" "value" "holdout" "kfold" "leave_one_out"
    "bootstrap632" "bootstrap632plus" "EarlyStopping" "ReduceLROnPlateau"
    "ModelCheckpoint" "CSVLogger" "TensorBoard" "classifier" "full" "partial"
    "auto" "all" "from" "until" "last")
  "The section words of dslc.")

(provide 'dslc-words)
;;; dslc-words.el ends here
