" Syntax of dslc specs (*.dl)
" made by tools/regen.py from the vocabulary of dslc: edit that
if exists("b:current_syntax")
  finish
endif
syntax case match
syntax sync minlines=200

syntax keyword dslcDefinition block import model
syntax keyword dslcKeyword as assert else input match output repeat where
syntax keyword dslcOperatorWord and or not
syntax keyword dslcFlag true false none
syntax keyword dslcLayer Dense Conv1D Conv2D Conv3D Conv2DTranspose DepthwiseConv2D SeparableConv2D
syntax keyword dslcLayer MaxPool1D MaxPool2D MaxPool3D AvgPool1D AvgPool2D AvgPool3D GlobalAvgPool1D
syntax keyword dslcLayer GlobalAvgPool2D GlobalAvgPool3D GlobalMaxPool1D GlobalMaxPool2D
syntax keyword dslcLayer GlobalMaxPool3D BatchNorm LayerNorm GroupNorm RMSNorm Flatten Reshape
syntax keyword dslcLayer Permute ZeroPad Crop Upsample Dropout SpatialDropout GaussianNoise
syntax keyword dslcLayer GaussianDropout AlphaDropout SimpleRNN LSTM GRU Bidirectional Embedding
syntax keyword dslcLayer PositionEmbedding MultiHeadAttention VGG16 VGG19 InceptionV3 ResNet18
syntax keyword dslcLayer ResNet34 ResNet50 ResNet101 ResNet152 MobileNetV2 DenseNet121 EfficientNetB0
syntax keyword dslcActivation relu relu6 leaky_relu prelu elu selu gelu silu mish sigmoid
syntax keyword dslcActivation hard_sigmoid hard_swish tanh softplus softmax identity
syntax keyword dslcMerge add subtract average maximum multiply concat dot
" Words of sections mean nothing in a model, where they may be names.
syntax region dslcSectionBody matchgroup=dslcSection start=/^\%(defaults\|data\|augment\|train\|finetune\|evaluate\)\>[^{#]*{/ end=/}/ contains=ALLBUT,dslcSectionBody,dslcPlaceholder,dslcTodo,dslcDirective
syntax region dslcPart start=/{/ end=/}/ contained contains=ALLBUT,dslcSectionBody,dslcPlaceholder,dslcTodo,dslcDirective
syntax keyword dslcInner contained hidden phase
syntax keyword dslcWord contained glorot_uniform glorot_normal he_uniform he_normal lecun_uniform
syntax keyword dslcWord contained lecun_normal orthogonal normal truncated_normal uniform zeros ones
syntax keyword dslcWord contained constant l1 l2 l1_l2 max_norm unit_norm non_negative digits iris
syntax keyword dslcWord contained wine breast_cancer diabetes mnist fashion_mnist cifar10 idx images
syntax keyword dslcWord contained csv npz text stratified random zscore backbone HorizontalFlip
syntax keyword dslcWord contained VerticalFlip ShiftScaleRotate Affine RandomCrop CenterCrop
syntax keyword dslcWord contained RandomResizedCrop RandomBrightnessContrast ColorJitter CLAHE Blur
syntax keyword dslcWord contained GaussianBlur GaussNoise CoarseDropout RandAugment MixUp CutMix
syntax keyword dslcWord contained cross_entropy binary_cross_entropy mse mae huber accuracy top_k
syntax keyword dslcWord contained precision recall f1 auc rmse SGD Adam AdamW Adagrad RMSprop Adamax
syntax keyword dslcWord contained Nadam Adadelta Lion step piecewise exponential cosine
syntax keyword dslcWord contained cosine_restarts linear one_cycle global_norm norm value holdout
syntax keyword dslcWord contained kfold leave_one_out bootstrap632 bootstrap632plus EarlyStopping
syntax keyword dslcWord contained ReduceLROnPlateau ModelCheckpoint CSVLogger TensorBoard classifier
syntax keyword dslcWord contained full partial auto all from until last
syntax keyword dslcChoice contained valid same exact stock balanced float32 mixed mlflow frozen train
syntax keyword dslcChoice contained reset keep error drop mean edge reflect kernels min max high low
syntax keyword dslcChoice contained small large

syntax match dslcName /\%([({,]\s*\|^\s*\|\s\)\@1<=\K\k*\ze\s*=\%([^=]\|$\)/
syntax match dslcLabel /\%(\<as\s\+\)\@<=\K\k*/
syntax match dslcType /\%(^\%(model\|block\)\s\+\)\@<=\K\k*/
syntax match dslcOperator /->\|\.\.\|[-+*\/%=<>!]=\?/
syntax match dslcNumber /\<\d[0-9_]*\%(\.\d[0-9_]*\)\?\%([eE][+-]\?\d\+\)\?[kMG]\?\>/
syntax match dslcNumber /\<\d\+\%(x\d\+\)\+\>/
syntax match dslcPlaceholder /{[^{}"]*}/ contained
syntax region dslcString start=/"/ skip=/\\./ end=/"/ oneline contains=dslcPlaceholder
syntax keyword dslcTodo TODO FIXME contained
syntax match dslcDirective /dslc:\s*ignore\%(-file\)\?\s*\%(\[[^\]]*\]\)\?/ contained
syntax match dslcComment /#.*$/ contains=dslcTodo,dslcDirective,@Spell
" What a parameter of a layer is set to.
syntax match dslcWord /\%(=\s*\)\@<=\%(glorot_uniform\|glorot_normal\|he_uniform\|he_normal\)\>/
syntax match dslcWord /\%(=\s*\)\@<=\%(lecun_uniform\|lecun_normal\|orthogonal\|normal\)\>/
syntax match dslcWord /\%(=\s*\)\@<=\%(truncated_normal\|uniform\|zeros\|ones\|constant\|l1\|l2\|l1_l2\)\>/
syntax match dslcWord /\%(=\s*\)\@<=\%(max_norm\|unit_norm\|non_negative\)\>/
syntax match dslcChoice /\%(=\s*\)\@<=\%(valid\|same\|causal\|nearest\|bilinear\|imagenet\|tanh\)\>/
highlight default link dslcInner Structure
highlight default link dslcKeyword Keyword
highlight default link dslcDefinition Structure
highlight default link dslcOperatorWord Operator
highlight default link dslcSection Structure
highlight default link dslcFlag Boolean
highlight default link dslcLayer Function
highlight default link dslcActivation Function
highlight default link dslcMerge Function
highlight default link dslcType Type
highlight default link dslcWord Type
highlight default link dslcChoice Constant
highlight default link dslcLabel Label
highlight default link dslcName Identifier
highlight default link dslcNumber Number
highlight default link dslcString String
highlight default link dslcPlaceholder Special
highlight default link dslcOperator Operator
highlight default link dslcComment Comment
highlight default link dslcDirective SpecialComment
highlight default link dslcTodo Todo

let b:current_syntax = "dslc"
