"""Korean."""

SENTENCES = {
    # an explanation as a page
    "The values run forward (▸), from top to bottom. The gradient runs backward (◂), from the result up: at each step "
    "upstream × local = downstream.": "값은 앞으로(▸), 위에서 아래로 흐릅니다. 기울기는 결과에서부터 뒤로(◂), 위로 "
    "흐릅니다. 단계마다 상류 × 국소 = 하류입니다.",
    "{steps} operations, {edges} edges backward, {joins} sums where paths join": "연산 {steps}개, 역방향 간선 {edges}개, "
    "경로가 만나는 합 {joins}개",
    "the graph": "그래프",
    "Given, and the gradient that arrives": "주어진 값, 그리고 도착하는 기울기",
    "Step by step": "한 단계씩",
    "to the beginning": "처음으로",
    "one step back (left arrow)": "한 단계 뒤로 (왼쪽 화살표)",
    "one step on (right arrow)": "한 단계 앞으로 (오른쪽 화살표)",
    "to the end": "끝으로",
    "fold all": "모두 접기",
    "fold all scopes": "모든 범위 접기",
    "unfold all": "모두 펼치기",
    "unfold all scopes": "모든 범위 펼치기",
    "scope": "범위",
    "composite": "합성 연산",
    "upstream": "상류",
    "local": "국소",
    "paths that join are summed": "만나는 경로는 더해집니다",
    "and {count} more gradients, inside": "안쪽에 기울기 {count}개 더",
    "{names} and {count} more": "{names} 외 {count}개",
    "{count} arrays": "배열 {count}개",
    "{count:,} numbers": "수 {count:,}개",
    "from before": "앞에서 온 값",
    "mean {mean}, from {least} to {most}, zeros {zeros} of {size}": "평균 {mean}, {least}에서 {most}까지, {size}개 중 "
    "0이 {zeros}개",
    # diagnostics
    "{name} is the first to hold nan or infinity: {count} of {size} entries, made by {operation} at {entry}": "{name}에 "
    "nan이나 무한대가 처음 생겼습니다: 원소 {size}개 중 {count}개, {operation}이 {entry}에서 만들었습니다",
    "the gradient is first nan or infinite where {operation} passes it to {name}: {count} of {size} entries": "기울기는 "
    "{operation}이 {name}에 넘기는 곳에서 처음 nan이나 무한대가 됩니다: 원소 {size}개 중 {count}개",
    "{count} of {size} units of {name} are 0 for every example of this batch, so no gradient passes through them":
    "{name}의 유닛 {size}개 중 {count}개가 이 배치의 모든 예에서 0이라, 기울기가 지나가지 못합니다",
    "no gradient reaches {name}: it is 0 everywhere": "{name}에 닿는 기울기가 없습니다: 모두 0입니다",
    "no gradient reaches {name}: the path ends at {operation}, through which none flows": "{name}에 닿는 기울기가 "
    "없습니다: 경로가 {operation}에서 끝나고, 그것을 지나는 기울기는 없습니다",
    " in {scope}": " ({scope} 안)",
    "and {count} more: e.diagnostics has them all": "{count}개 더: e.diagnostics에 모두 있습니다",
    "{result} does not depend on {name}: no path leads from one to the other, so nothing is learnt": "{result}은(는) "
    "{name}과(와) 상관이 없습니다: 둘을 잇는 경로가 없어 아무것도 배우지 못합니다",
    # arrays
    "mean {mean:.4g}, std {std:.4g}, from {least:.4g} to {most:.4g}, zeros {zeros:,} of {size:,}": "평균 {mean:.4g}, "
    "표준편차 {std:.4g}, {least:.4g}에서 {most:.4g}까지, {size:,}개 중 0이 {zeros:,}개",
    "nan or infinite, drawn black: {count:,}": "nan이거나 무한대 (검정): {count:,}개",
    "of the entry [{first}, ...]": "[{first}, ...]의 그림",
    "the first {down:,} × {over:,} of it": "처음 {down:,} × {over:,}만",
    "the first {shown} of {count} channels": "채널 {count}개 중 처음 {shown}개",
    "the first {shown} of {count} examples": "예 {count}개 중 처음 {shown}개",
    "the first {shown} of {count} filters": "필터 {count}개 중 처음 {shown}개",
    # a sliding window
    "Where the window lies, each number is multiplied by the filter's. All products are added up.": "창이 놓인 곳에서 수마다 "
    "필터의 수를 곱하고, 모든 곱을 더합니다.",
    "image, channel {c}": "이미지, 채널 {c}",
    "under the window": "창 아래",
    "filter": "필터",
    "products": "곱",
    "output": "출력",
    "channel {c}": "채널 {c}",
    "orange: below one half; blue: above it; white: the boundary": "주황: 절반 아래, 파랑: 절반 위, 하양: 경계",
    "got {what}": "받은 것: {what}",
    "expected {what}": "기대한 것: {what}",
    "{shown} of {count} positions, spread over the output": "출력에 고루 퍼진 {count}곳 중 {shown}곳",
    "The layer's activation, {name}, comes after this.": "그다음에 층의 활성화 {name}이(가) 옵니다.",
    "and {count} more channels": "그리고 채널 {count}개 더",
    # costs
    "What it costs": "비용",
    "A multiply-accumulate is one multiply and one add. Adding a bias is counted apart.": "곱셈-누적 하나는 곱셈 하나와 덧셈 "
    "하나입니다. 편향을 더하는 것은 따로 셉니다.",
    "{name}, batch of {count}": "{name}, 배치 {count}",
    "; measured on {engine}: {ms:.3f} ms a step": "; {engine}에서 잰 값: 한 단계에 {ms:.3f} ms",
    "layer": "층",
    "parameters": "파라미터",
    "memory": "메모리",
    "{phase}: multiplies": "{phase}: 곱셈",
    "adds": "덧셈",
    "of them bias": "그중 편향",
    "together": "합계",
    "forward": "순방향",
    "backward": "역방향",
    "update": "갱신",
    "last over first": "마지막 / 처음",
    "multiplies forward": "순방향 곱셈",
    "operation": "연산",
    "bytes": "바이트",
    "formula": "식",
    "{macs:,} multiply-accumulates (MACs), {flops:,} operations (FLOPs), {parameters:,} parameters": "곱셈-누적(MAC) "
    "{macs:,}회, 연산(FLOP) {flops:,}회, 파라미터 {parameters:,}개",
    "ms a step": "한 단계 ms",
    "multiplies": "곱셈",
    "time": "시간",
    # engines
    "The numbers shown and the numbers trained with": "보이는 값과 학습되는 값의 차이",
    "{a} against {b}: at most {ulps:.3g} units of the last place, in {name}": "{a}와 {b}: 많아야 마지막 자리 {ulps:.3g}단위, "
    "{name}에서",
    "name": "이름",
    "of the output": "출력",
    "of the gradient": "기울기",
    "of the loss": "손실",
    "shape": "모양",
    "largest": "최댓값",
    "difference": "차이",
    "ulps of the largest": "최댓값의 ulp",
    "ulps of the entry": "그 원소의 ulp",
    # regions of interest
    "Regions of interest": "관심 영역",
    "RoI pooling": "RoI 풀링",
    "RoI warp": "RoI 워프",
    "RoI align": "RoI 얼라인",
    "lost {lost:.3g}, added {added:.3g} cells": "잃은 칸 {lost:.3g}, 더해진 칸 {added:.3g}",
    "bins": "구간",
    "gradient": "기울기",
    "Solid: the box. Dashed: the bins that are read. Dots: the points that are read.": "실선: 상자. 점선: 읽는 구간. 점: 읽는 "
    "자리.",
    "RoI pooling rounds the box to whole entries and takes the largest entry of each bin.": "RoI 풀링은 상자를 원소 단위로 "
    "반올림하고 구간마다 가장 큰 원소를 고릅니다.",
    "RoI warp rounds the box, then samples between entries.": "RoI 워프는 상자를 반올림한 뒤 원소 사이를 표본으로 읽습니다.",
    "RoI align rounds nothing: it samples where the box is.": "RoI 얼라인은 반올림하지 않고 상자가 있는 곳을 표본으로 읽습니다.",
    # implementations of an operation
    "how long it takes": "걸리는 시간",
    "with loops": "반복문으로",
    "vectorised": "벡터화",
    "compiled": "컴파일",
    "loop over compiled": "반복문 / 컴파일",
    "largest difference": "가장 큰 차이",
    # descent
    "start": "시작",
    "lowest": "가장 낮은 곳",
    "{name}: the loss and the ways down": "{name}: 손실과 내려가는 길",
    "the loss of all data": "모든 데이터의 손실",
    "loss": "손실 값",
    "Dark is low. Each trajectory starts at the same weights and takes the same number of updates.": "어두울수록 낮습니다. 모든 "
    "궤적은 같은 가중치에서 시작해 같은 횟수만큼 갱신합니다.",
    "optimizer": "옵티마이저",
    "learning rate": "학습률",
    "examples an update": "갱신마다 예의 수",
    "loss at the start": "처음 손실",
    "loss at the end": "끝 손실",
    "then diverged": "이후 발산",
    "all": "모두",
    "full batch": "전체 배치",
    "stochastic": "확률적",
    "mini-batch": "미니배치",
    "momentum": "모멘텀",
    # a recorded run
    "Each frame is a moment of training. The slider and the arrow keys move through them.": "프레임마다 학습의 한 순간입니다. 슬라이더와 "
    "화살표 키로 움직입니다.",
    "moment": "순간",
    "over the run": "학습 내내",
    "after {step} updates, epoch {epoch}": "갱신 {step}번 뒤, 에포크 {epoch}",
    "weight": "가중치",
    "norm": "노름",
    "gradient's norm": "기울기의 노름",
    "gradient over weight": "기울기 / 가중치",
    "mean": "평균",
    "standard deviation": "표준편차",
    "share of zeros": "0의 비율",
    "the output over the plane; dots and rings are examples of the first class and of others": "평면 위의 출력. 점은 첫째 "
    "부류의 예, 고리는 다른 부류의 예입니다",
    "decision boundary": "결정 경계",
    "filters": "필터들",
    "feature maps": "특징 맵",
    # a failure
    "how far it came": "여기까지 되었습니다",
    "here": "여기서",
    # a gradient check
    "hint": "힌트",
    "numeric: the difference quotient (f(x + h) - f(x - h)) / 2h; analytic: the gradient's value": "수치: 차분 몫 "
    "(f(x + h) - f(x - h)) / 2h, 해석: 기울기가 말하는 값",
    "and {count} more, none of them worse": "그리고 {count}개 더, 더 나쁜 것은 없습니다",
    "entry": "원소",
    "analytic": "해석",
    "numeric": "수치",
    "ratio": "비율",
    "relative error": "상대 오차",
    "at a kink": "꺾이는 곳",
    "at a jump": "뛰는 곳",
    # an explanation as text
    "backward: upstream × local = downstream": "역방향: 상류 × 국소 = 하류",
    "gradients": "기울기들",
    "trouble": "문제",
    "through {name}:": "{name}을(를) 거쳐:",
    "{slope} through {node}": "{slope} ({node}을(를) 거쳐)",
    "joined at {name}:": "{name}에서 만남:",
    "forward, with scopes folded; print(...) writes all {count} operations and the backward pass": "순방향만, 범위는 접음; "
    "print(...)는 연산 {count}개와 돌아오는 길을 모두 씁니다",
    "array of shape {shape}, mean {mean:.4g}, from {least:.4g} to {most:.4g}": (
        "모양 {shape}인 배열, 평균 {mean:.4g}, {least:.4g}에서 {most:.4g}까지"
    ),
    # a checked gradient
    "problem": "문제점",
    "RIGHT: {count} entries checked, relative error at most {error:.1e}.": (
        "맞음: 원소 {count}개를 확인했고, 상대 오차는 많아야 {error:.1e}입니다."
    ),
    "RIGHT: {count} entries checked, relative error at most {error:.1e}, {kinks} at kinks, where any "
    "slope between the two sides will do.": (
        "맞음: 원소 {count}개를 확인했고, 상대 오차는 많아야 {error:.1e}입니다. {kinks}개는 꺾이는 곳에 "
        "있어, 양쪽 기울기 사이의 어떤 값이든 됩니다."
    ),
    "WRONG: {problem}.": "틀림: {problem}.",
    "WRONG: {count} of {every} entries differ by more than {tolerance:.0e}; the worst is {where}.": (
        "틀림: 원소 {every}개 중 {count}개가 {tolerance:.0e}보다 크게 다릅니다. 가장 나쁜 것은 "
        "{where}입니다."
    ),
    "NOTHING TO CHECK: no input has an entry of a float dtype.": "확인할 것 없음: 실수형 원소를 가진 입력이 없습니다.",
    "{name}: {count} entries, worst {where}: analytic {analytic:.9g}, numeric {numeric:.9g}, relative "
    "error {error:.1e}": (
        "{name}: 원소 {count}개, 가장 나쁜 {where}: 해석적 {analytic:.9g}, 수치적 {numeric:.9g}, 상대 "
        "오차 {error:.1e}"
    ),
    "{name}: {count} entries, all at kinks": "{name}: 원소 {count}개, 모두 꺾이는 곳",
    "{where} is at a kink: the slope is {left:.6g} on the left and {right:.6g} on the right; the analytic gradient "
    "is {analytic:.6g}": (
        "{where}: 꺾이는 곳. 기울기는 왼쪽 {left:.6g}, 오른쪽 {right:.6g}, 해석적 {analytic:.6g}"
    ),
    "{where} is at a jump: the difference quotient is {left:.6g} on the left and {right:.6g} on the "
    "right; the analytic gradient is {analytic:.6g}": (
        "{where}: 뛰는 곳. 차분 몫은 왼쪽 {left:.6g}, 오른쪽 {right:.6g}, 해석적 {analytic:.6g}"
    ),
    "and {count} more at kinks": "꺾이는 곳 {count}개 더",
    "{name} is no function but {kind}": "{name}은(는) 함수가 아니라 {kind}입니다",
    "{name} raised {kind}: {error}": "{name}에서 {kind} 오류: {error}",
    "{name} returned {count} gradients for {inputs} float inputs": (
        "{name}은(는) 실수형 입력 {inputs}개에 기울기 {count}개를 돌려주었습니다"
    ),
    "the gradient of {name} is no array of real numbers but {kind}": (
        "{name}의 기울기는 실수 배열이 아니라 {kind}입니다"
    ),
    "the gradient of {name} has shape {found}, where {name} has {shape}": (
        "{name}의 기울기는 모양이 {found}인데 {name}의 모양은 {shape}입니다"
    ),
    "{problem} (its transpose would fit)": "{problem} (전치하면 맞습니다)",
    "{problem} (sum over the broadcast axes, to un-broadcast)": (
        "{problem} (브로드캐스트된 축을 따라 더해서 되돌리세요)"
    ),
    "the gradient of {name} has the wrong sign": "{name}의 기울기는 부호가 틀렸습니다",
    "the gradient of {name} is 0: a path is missing, or was overwritten instead of added to": (
        "{name}의 기울기가 0입니다: 경로가 빠졌거나, 더하지 않고 덮어썼습니다"
    ),
    "some entries of the gradient of {name} are 0: a path is missing, or was overwritten instead of "
    "added to": "{name}의 기울기 중 일부 원소가 0입니다: 경로가 빠졌거나, 더하지 않고 덮어썼습니다",
    "the gradient of {name} is {ratio:.4g} times what it should be: a factor, or a sum or mean over the "
    "batch, is missing": (
        "{name}의 기울기가 맞는 값의 {ratio:.4g}배입니다: 계수나, 배치에 대한 합 또는 평균이 빠졌습니다"
    ),
    "the gradient of {name} is right with {matrix} transposed in the backward": "역방향 안에서 {matrix}을(를) 전치하면 "
    "{name}의 기울기가 맞습니다",
    "the backward would run with {matrix} transposed in it": "{matrix}을(를) 전치하면 역방향이 실행됩니다",
    "only the first example's upstream reaches the gradient of {name}: the sum over the batch is missing": "첫째 예의 "
    "상류만 {name}의 기울기에 닿습니다: 배치에 대한 합이 빠졌습니다",
    "the gradient of {name} is transposed": "{name}의 기울기가 전치되어 있습니다",
    # prices, regions, recordings as text
    "at most {peak:,} bytes at once": "한 번에 많아야 {peak:,}바이트",
    "at most {peak:,} bytes at once, {kept:,} of them kept for the backward pass": (
        "한 번에 많아야 {peak:,}바이트, 그중 {kept:,}바이트는 역방향을 위해 남겨 둠"
    ),
    "the box as it is read": "읽히는 상자",
    "cells lost": "잃은 칸",
    "cells added": "더해진 칸",
    "epoch": "에폭",
    "{name}, {count} moments": "{name}, 순간 {count}개",
    # formulas of prices
    "0: no arithmetic": "0: 계산 없음",
    "0: axes are moved": "0: 축만 옮김",
    "{shape} entries × {each} = {count:,}": "원소 {shape} × {each} = {count:,}",
    "{shape} outputs × {summed} = {count:,} multiplies": "출력 {shape} × {summed} = 곱셈 {count:,}",
    "{shape} outputs × {window} window = {count:,} multiplies": "출력 {shape} × 창 {window} = 곱셈 {count:,}",
    "{shape} index values × {more} = {count:,} multiplies": "첨자 {shape} × {more} = 곱셈 {count:,}",
    "{entries} entries × log2({n}) comparisons = {count:,}": "원소 {entries} × 비교 log2({n}) = {count:,}",
    "{shape} windows × {window} = {count:,}": "창 {shape} × {window} = {count:,}",
    "{shape} windows × {window} = {count:,} comparisons": "창 {shape} × {window} = 비교 {count:,}",
    "at most {shape} = {count:,} comparisons": "많아야 {shape} = 비교 {count:,}",
    "{shape} matrices × {each} × {m}·{n}·{least} = {count:,} multiplies": (
        "행렬 {shape} × {each} × {m}·{n}·{least} = 곱셈 {count:,}"
    ),
    "{shape} systems × {n}² · ({n} + 3·{k})/3 = {count:,} multiplies": (
        "연립방정식 {shape} × {n}² · ({n} + 3·{k})/3 = 곱셈 {count:,}"
    ),
    "{n} entries × 100 + {steps:,} comparisons = {count:,}": "원소 {n} × 100 + 비교 {steps:,} = {count:,}",
    # implementations, descent, costs
    "an n×n image under a 3×3 kernel": "n×n 이미지와 3×3 커널",
    "an n×n image by windows of 2×2": "n×n 이미지를 2×2 창으로",
    "relu(x w + b) of 32 rows, n inputs, n outputs": "32행의 relu(x w + b), 입력 n개, 출력 n개",
    "n rows of 10": "10개짜리 행 n개",
    "the gradient of the loss of n examples of 20 columns": "20열짜리 예 n개의 손실의 기울기",
    "first principal direction": "첫째 주방향",
    "second principal direction": "둘째 주방향",
    "first random direction": "첫째 무작위 방향",
    "second random direction": "둘째 무작위 방향",
    "rate {rate:g}": "학습률 {rate:g}",
    "{name}, over {first} and {second}": "{name}: {first}, {second} 위에서",
    "(loss and metrics)": "(손실과 지표)",
    "(optimizer)": "(옵티마이저)",
    # a summary, and the commands' output
    "layer (type)": "층 (종류)",
    "output shape": "출력 모양",
    "activations": "활성값",
    "frozen": "고정",
    "not built": "아직 없음",
    "Model: {name!r}": "모델: {name!r}",
    "parameters: {every:,} ({size}), {trainable:,} trainable, {rest:,} not": "파라미터: {every:,} ({size}), 학습 "
    "{trainable:,}, 고정 {rest:,}",
    "one example forward: {multiplies:,} multiplies, {flops:,} operations in all, {memory} of activations": "예 하나의 "
    "순방향: 곱셈 {multiplies:,}, 모든 연산 {flops:,}, 활성값 {memory}",
    "entries marked ? depend on unknown sizes: begin the model with a full Input(shape), or call it on data": "?는 크기를 "
    "알아야 정해집니다: 모델을 온전한 Input(shape)으로 시작하거나 데이터로 불러 보세요",
    ", with its {name}": ", {name}과(와) 함께",
    "points: {right} of {every} gradients right": "점수: 기울기 {every}개 중 {right}개가 맞음",
    "written to {path}: open it in a browser": "{path}에 썼습니다: 브라우저로 여세요",
    "drawn in {path}": "{path}에 그렸습니다",
    # gates
    "RoI align shares each bin's gradient among the entries around its samples, and moves the boxes by the differences "
    "between those": "RoI align은 칸마다의 기울기를 표본 점 둘레의 원소들에 나누고, 그 차이로 상자를 움직입니다",
    "RoI pooling routes each bin's gradient to its largest entry (the first at a tie), none to the boxes": "RoI 풀링은 "
    "칸마다의 기울기를 가장 큰 원소로 보내고(같으면 첫째), 상자에는 보내지 않습니다",
    "RoI warp shares each bin's gradient among the entries around its samples, none to the rounded boxes": "RoI warp는 "
    "칸마다의 기울기를 표본 점 둘레의 원소들에 나누고, 반올림된 상자에는 보내지 않습니다",
    "an index moves by whole entries, so it has no slope": "자리는 원소 단위로만 움직이므로 기울기가 없습니다",
    "absolute passes the gradient with the sign of x (0 at the kink x = 0)": "절댓값은 기울기에 x의 부호를 붙여 "
    "넘깁니다 (꺾이는 x = 0에서는 0)",
    "add passes the gradient to both": "덧셈은 기울기를 양쪽에 그대로 넘깁니다",
    "add_at reads the gradient at the positions it wrote to": "add_at은 쓴 자리의 기울기를 읽습니다",
    "affine_transform gives each pixel the gradient by its weight, and the transform the slope between pixels":
    "affine_transform은 픽셀마다 가중치만큼의 기울기를, 변환에는 픽셀 사이의 기울기를 넘깁니다",
    "after passes the gradient to its first input": "after는 기울기를 첫째 입력에 넘깁니다",
    "an update is differentiated like any other arithmetic": "갱신도 다른 산술과 똑같이 미분됩니다",
    "arctan2 passes x2/(x1^2+x2^2) to the first and -x1/(x1^2+x2^2) to the second": "arctan2는 첫째에 "
    "x2/(x1^2+x2^2)를, 둘째에 -x1/(x1^2+x2^2)를 곱해 넘깁니다",
    "average pooling shares each window's gradient equally": "평균 풀링은 창마다의 기울기를 똑같이 나눕니다",
    "batch normalisation scales the gradient by scale over the deviation; through the batch's own mean and variance it "
    "loses its mean and its part along the normalised input": "배치 정규화는 기울기에 스케일/표준편차를 곱합니다. "
    "배치 자신의 평균과 분산을 지나며 기울기는 평균과, 정규화된 입력 방향의 성분을 잃습니다",
    "binary cross-entropy on logits passes sigmoid(x) - target": "로짓에 대한 이진 교차 엔트로피는 sigmoid(x) - "
    "목표값을 넘깁니다",
    "broadcast_to adds up the gradients of the copies": "broadcast_to는 복사본들의 기울기를 더합니다",
    "cast passes the gradient, cast back": "cast는 기울기를 원래 자료형으로 되돌려 넘깁니다",
    "ceil stops the gradient: it is flat between its steps": "올림은 기울기를 막습니다: 계단 사이가 평평합니다",
    "celu passes the gradient above 0 and exp(x/alpha) of it elsewhere": "celu는 0보다 크면 기울기를 그대로, 아니면 "
    "exp(x/alpha)배로 넘깁니다",
    "cholesky gives y^-T (the lower half of y^T upstream) y^-1, made symmetric": "촐레스키는 y^-T (y^T 상류의 아래 "
    "절반) y^-1을 대칭으로 만들어 줍니다",
    "clip passes the gradient inside its bounds and stops it outside": "clip은 범위 안에서는 기울기를 넘기고 밖에서는 "
    "막습니다",
    "concatenate gives each part its slice of the gradient": "이어붙이기는 조각마다 기울기의 제 몫을 줍니다",
    "convolution sends the input the upstream spread by the kernel, the kernel the upstream against the windows":
    "합성곱은 입력에는 커널로 펼친 상류를, 커널에는 상류와 창들의 곱을 보냅니다",
    "convolution switches: the input's gradient is the upstream spread by the kernel, the kernel's the upstream summed "
    "against the input's windows": "합성곱은 맞바꿉니다: 입력의 기울기는 커널로 펼친 상류, 커널의 기울기는 상류와 "
    "입력 창들의 곱의 합입니다",
    "copysign passes the gradient with the sign it set": "copysign은 붙인 부호와 함께 기울기를 넘깁니다",
    "cross-entropy on logits passes softmax(x) - 1 at the label": "로짓에 대한 교차 엔트로피는 정답 자리에서 "
    "softmax(x) - 1을 넘깁니다",
    "cross-entropy on logits passes softmax(x) - target": "로짓에 대한 교차 엔트로피는 softmax(x) - 목표값을 넘깁니다",
    "cumprod multiplies in rounds; each round's multiply switches": "누적곱은 여러 차례로 곱하고, 차례마다 곱셈이 "
    "맞바꿉니다",
    "cumsum gives each entry the sum of the gradients from its position on": "누적합은 원소마다 제 자리부터 끝까지의 "
    "기울기 합을 줍니다",
    "dense sends each input the upstream times the weights, and each weight the upstream times its input": "dense는 "
    "입력마다 상류 × 가중치를, 가중치마다 상류 × 그 입력을 보냅니다",
    "det gives itself times the inverse, transposed": "행렬식은 자신과 역행렬의 전치를 곱해 줍니다",
    "divide scales the first's gradient by 1/x2 and the second's by -(x1/x2)/x2": "나눗셈은 첫째의 기울기에 1/x2를, "
    "둘째의 기울기에 -(x1/x2)/x2를 곱합니다",
    "each eigenvalue gives its eigenvector's outer product": "고윳값마다 그 고유벡터의 외적을 줍니다",
    "each singular value gives the outer product of its two vectors": "특잇값마다 두 벡터의 외적을 줍니다",
    "eigenvectors turn towards each other by the upstream over the gaps of their eigenvalues (0 for no gap)":
    "고유벡터들은 상류를 고윳값의 차이로 나눈 만큼 서로에게 돕니다 (차이가 없으면 0)",
    "einsum gives each operand the upstream summed against the others": "einsum은 피연산자마다 상류와 나머지들의 곱의 "
    "합을 줍니다",
    "elu passes the gradient above 0 and alpha exp(x) of it elsewhere": "elu는 0보다 크면 기울기를 그대로, 아니면 "
    "alpha exp(x)배로 넘깁니다",
    "expand_dims passes the gradient back in the input's shape": "expand_dims는 기울기를 원래 모양으로 돌려줍니다",
    "flip passes the gradient back flipped": "뒤집기는 기울기를 다시 뒤집어 돌려줍니다",
    "floor stops the gradient: it is flat between its steps": "내림은 기울기를 막습니다: 계단 사이가 평평합니다",
    "floor_divide stops the gradient: it is flat between its steps": "몫은 기울기를 막습니다: 계단 사이가 평평합니다",
    "gelu multiplies x by a soft switch": "gelu는 x에 부드러운 스위치를 곱합니다",
    "get_item puts the gradient back where the entries were read, adding where one was read twice": "get_item은 원소를 "
    "읽은 자리에 기울기를 되돌리고, 두 번 읽은 자리에는 더합니다",
    "glu multiplies by a gate": "glu는 게이트를 곱합니다",
    "hard_shrink passes the gradient beyond the threshold": "hard_shrink는 문턱 밖에서 기울기를 넘깁니다",
    "hard_sigmoid passes a sixth of the gradient between -3 and 3": "hard_sigmoid는 -3과 3 사이에서 기울기의 6분의 "
    "1을 넘깁니다",
    "hard_silu is a soft switch made of straight lines": "hard_silu는 직선으로 만든 부드러운 스위치입니다",
    "hard_tanh passes the gradient between -1 and 1": "hard_tanh는 -1과 1 사이에서 기울기를 넘깁니다",
    "hypot passes each side's share x/hypot": "hypot는 변마다 x/hypot의 몫을 넘깁니다",
    "inv gives -y^T upstream y^T, y the inverse": "역행렬은 y를 역행렬이라 할 때 -y^T 상류 y^T를 줍니다",
    "it has no gradient: the result is not a real number that varies with the input": "기울기가 없습니다: 결과가 "
    "입력과 함께 움직이는 실수가 아닙니다",
    "layer normalisation removes from the gradient its mean and its part along the normalised input": "층 정규화는 "
    "기울기에서 평균과, 정규화된 입력 방향의 성분을 뺍니다",
    "leaky_relu passes the gradient above 0 and a fraction of it elsewhere": "leaky_relu는 0보다 크면 기울기를 "
    "그대로, 아니면 그 일부를 넘깁니다",
    "log_softmax gives each entry upstream - s * sum(upstream)": "log_softmax는 원소마다 상류 - s * 상류의 합을 줍니다",
    "logaddexp shares the gradient as softmax does": "logaddexp는 소프트맥스처럼 기울기를 나눕니다",
    "logsumexp shares the gradient as softmax does": "logsumexp는 소프트맥스처럼 기울기를 나눕니다",
    "map_coordinates gives each neighbour the gradient by its weight, and the coordinate the slope between them":
    "map_coordinates는 이웃마다 가중치만큼의 기울기를, 좌표에는 이웃 사이의 기울기를 넘깁니다",
    "matmul switches: each side's gradient is the upstream times the other side, transposed": "행렬곱은 맞바꿉니다: "
    "한쪽의 기울기는 상류와 다른 쪽의 전치의 곱입니다",
    "max routes the gradient to the larger input (half to each at a tie)": "max는 기울기를 더 큰 입력으로 보냅니다 "
    "(같으면 반씩)",
    "max routes the gradient to the largest entry (the first at a tie)": "max는 기울기를 가장 큰 원소로 보냅니다 "
    "(같으면 첫째)",
    "max-pooling routes each window's gradient to its largest entry (the first at a tie)": "최대 풀링은 창마다의 "
    "기울기를 가장 큰 원소로 보냅니다 (같으면 첫째)",
    "mean shares the gradient equally": "평균은 기울기를 똑같이 나눕니다",
    "min routes the gradient to the smaller input (half to each at a tie)": "min은 기울기를 더 작은 입력으로 보냅니다 "
    "(같으면 반씩)",
    "min routes the gradient to the smallest entry (the first at a tie)": "min은 기울기를 가장 작은 원소로 보냅니다 "
    "(같으면 첫째)",
    "mod passes the gradient to the first and -floor(x1/x2) of it to the second": "나머지는 첫째에 기울기를 그대로, "
    "둘째에 -floor(x1/x2)배로 넘깁니다",
    "multiply switches: each input's gradient is the upstream times the other input": "곱셈은 맞바꿉니다: 한 입력의 "
    "기울기는 상류와 다른 입력의 곱입니다",
    "negative flips the gradient's sign": "부호 반전은 기울기의 부호를 뒤집습니다",
    "nextafter passes the gradient to the first": "nextafter는 기울기를 첫째에 넘깁니다",
    "norm gives each entry its share x/norm (0 for the zero vector, in order 2)": "노름은 원소마다 x/노름의 몫을 줍니다 "
    "(2차에서 영벡터면 0)",
    "pad gives back the gradient without the border": "덧대기는 테두리를 뺀 기울기를 돌려줍니다",
    "pinv gives -p^T upstream p^T, and a part that moves the row and column spaces": "유사역행렬은 -p^T 상류 p^T와, "
    "행과 열의 공간을 움직이는 몫을 줍니다",
    "positive passes the gradient unchanged": "양의 부호는 기울기를 그대로 넘깁니다",
    "power's slope is x2 * x1^(x2-1) on the base and x1^x2 * log(x1) on the exponent": "거듭제곱의 기울기는 밑에 대해 "
    "x2 * x1^(x2-1), 지수에 대해 x1^x2 * log(x1)입니다",
    "prod gives each entry the product of all the others": "곱은 원소마다 나머지 모두의 곱을 줍니다",
    "q turns by the part of the upstream outside its own directions, times r^-T": "q는 상류 가운데 자기 방향을 "
    "벗어나는 몫에 r^-T를 곱한 만큼 돕니다",
    "r gives q times the upstream, its lower half mirrored, times r^-T": "r은 아래 절반을 거울로 비춘 상류에 q와 r^-T를 "
    "곱해 줍니다",
    "relu is a switch: it passes the gradient where x > 0 and stops it elsewhere": "relu는 스위치입니다: x > 0인 곳은 "
    "기울기를 넘기고 나머지는 막습니다",
    "relu6 passes the gradient between 0 and 6": "relu6은 0과 6 사이에서 기울기를 넘깁니다",
    "reshape passes the gradient back in the input's shape": "reshape는 기울기를 원래 모양으로 돌려줍니다",
    "resize gives each old pixel the gradients of the new pixels, by the weights with which it went into them":
    "resize는 원래 픽셀마다 새 픽셀들의 기울기를, 들어간 가중치만큼 넘깁니다",
    "rms normalisation removes from the gradient its part along the normalised input": "rms 정규화는 기울기에서 정규화된 "
    "입력 방향의 성분을 뺍니다",
    "round stops the gradient: it is flat between its steps": "반올림은 기울기를 막습니다: 계단 사이가 평평합니다",
    "selu scales elu's gradient": "selu는 elu의 기울기에 상수를 곱합니다",
    "sign stops the gradient: it is flat except at its jump": "부호 함수는 기울기를 막습니다: 뛰는 곳 말고는 "
    "평평합니다",
    "singular vectors turn towards each other by the upstream over the gaps of the squared singular values":
    "특이벡터들은 상류를 특잇값 제곱의 차이로 나눈 만큼 서로에게 돕니다",
    "soft_shrink passes the gradient beyond the threshold": "soft_shrink는 문턱 밖에서 기울기를 넘깁니다",
    "softmax gives each entry s (upstream - the mean of upstream under s)": "소프트맥스는 원소마다 s (상류 - s로 가중한 "
    "상류의 평균)을 줍니다",
    "solve gives b what a^T solves for the upstream, and a minus its product with the solution": "solve는 b에 a^T로 푼 "
    "상류를, a에 그것과 해의 곱의 음수를 줍니다",
    "sort routes each gradient back to where its entry was": "정렬은 기울기를 원소가 있던 자리로 되돌립니다",
    "sparse_sigmoid passes half of the gradient between -1 and 1": "sparse_sigmoid는 -1과 1 사이에서 기울기의 절반을 "
    "넘깁니다",
    "sparsemax takes from the gradient its mean over the entries that are not 0, and stops it at those that are":
    "sparsemax는 0이 아닌 원소들의 평균을 기울기에서 빼고, 0인 원소에서는 막습니다",
    "squeeze passes the gradient back in the input's shape": "squeeze는 기울기를 원래 모양으로 돌려줍니다",
    "std gives each entry its distance from the mean over the count and std": "표준편차는 원소마다 평균과의 거리를 개수와 "
    "표준편차로 나누어 줍니다",
    "stop_gradient stops it: the slope counts as 0": "stop_gradient는 기울기를 막습니다: 0으로 칩니다",
    "subtract passes the gradient to the first and its negative to the second": "뺄셈은 기울기를 첫째에 그대로, "
    "둘째에 부호를 바꾸어 넘깁니다",
    "sum passes the gradient to every entry": "합은 기울기를 모든 원소에 그대로 넘깁니다",
    "the kernel's gradient switches: it is linear in the input and in the upstream": "커널의 기울기는 맞바꿉니다: 입력과 "
    "상류 각각에 선형입니다",
    "the slope of 1/x is -1/x^2": "1/x의 기울기는 -1/x^2입니다",
    "the slope of 2^x is 2^x * log 2": "2^x의 기울기는 2^x * log 2입니다",
    "the slope of arccos is -1/sqrt(1 - x^2)": "arccos의 기울기는 -1/sqrt(1 - x^2)입니다",
    "the slope of arccosh is 1/sqrt(x^2 - 1)": "arccosh의 기울기는 1/sqrt(x^2 - 1)입니다",
    "the slope of arcsin is 1/sqrt(1 - x^2)": "arcsin의 기울기는 1/sqrt(1 - x^2)입니다",
    "the slope of arcsinh is 1/sqrt(x^2 + 1)": "arcsinh의 기울기는 1/sqrt(x^2 + 1)입니다",
    "the slope of arctan is 1/(1 + x^2)": "arctan의 기울기는 1/(1 + x^2)입니다",
    "the slope of arctanh is 1/(1 - x^2)": "arctanh의 기울기는 1/(1 - x^2)입니다",
    "the slope of cos is -sin": "cos의 기울기는 -sin입니다",
    "the slope of cosh is sinh": "cosh의 기울기는 sinh입니다",
    "the slope of erf is 2/sqrt(pi) exp(-x^2)": "erf의 기울기는 2/sqrt(pi) exp(-x^2)입니다",
    "the slope of erfc is -2/sqrt(pi) exp(-x^2)": "erfc의 기울기는 -2/sqrt(pi) exp(-x^2)입니다",
    "the slope of erfinv is sqrt(pi)/2 exp(erfinv(x)^2)": "erfinv의 기울기는 sqrt(pi)/2 exp(erfinv(x)^2)입니다",
    "the slope of exp is exp(x) itself": "exp의 기울기는 exp(x) 자신입니다",
    "the slope of exp(x) - 1 is exp(x)": "exp(x) - 1의 기울기는 exp(x)입니다",
    "the slope of log is 1/x": "log의 기울기는 1/x입니다",
    "the slope of log |det x| is the inverse, transposed": "log |det x|의 기울기는 역행렬의 전치입니다",
    "the slope of log(1 + x) is 1/(1 + x)": "log(1 + x)의 기울기는 1/(1 + x)입니다",
    "the slope of log10 is 1/(x log 10)": "log10의 기울기는 1/(x log 10)입니다",
    "the slope of log2 is 1/(x log 2)": "log2의 기울기는 1/(x log 2)입니다",
    "the slope of log_sigmoid is sigmoid(-x)": "log_sigmoid의 기울기는 sigmoid(-x)입니다",
    "the slope of sigmoid is s (1 - s)": "sigmoid의 기울기는 s (1 - s)입니다",
    "the slope of silu is s + x s (1 - s)": "silu의 기울기는 s + x s (1 - s)입니다",
    "the slope of sin is cos": "sin의 기울기는 cos입니다",
    "the slope of sinh is cosh": "sinh의 기울기는 cosh입니다",
    "the slope of softplus is sigmoid(x)": "softplus의 기울기는 sigmoid(x)입니다",
    "the slope of softsign is 1/(1 + |x|)^2": "softsign의 기울기는 1/(1 + |x|)^2입니다",
    "the slope of sparse_plus is sparse_sigmoid(x)": "sparse_plus의 기울기는 sparse_sigmoid(x)입니다",
    "the slope of sqrt is 1/(2 sqrt(x))": "sqrt의 기울기는 1/(2 sqrt(x))입니다",
    "the slope of squareplus is (1 + x/sqrt(x^2 + b))/2": "squareplus의 기울기는 (1 + x/sqrt(x^2 + b))/2입니다",
    "the slope of tan is 1 + tan^2": "tan의 기울기는 1 + tan^2입니다",
    "the slope of tanh at x is 1 - tanh(x)^2": "x에서 tanh의 기울기는 1 - tanh(x)^2입니다",
    "the slope of tanh_shrink is tanh(x)^2": "tanh_shrink의 기울기는 tanh(x)^2입니다",
    "the slope of the cube root is 1/(3 cbrt(x)^2)": "세제곱근의 기울기는 1/(3 cbrt(x)^2)입니다",
    "the slope of x^(-1/2) is -x^(-3/2)/2": "x^(-1/2)의 기울기는 -x^(-3/2)/2입니다",
    "the slope of x^2 is 2x": "x^2의 기울기는 2x입니다",
    "top_k routes each gradient back to where its entry was": "top_k는 기울기를 원소가 있던 자리로 되돌립니다",
    "transpose passes the gradient back with the axes in the input's order": "전치는 축의 순서를 되돌린 기울기를 "
    "돌려줍니다",
    "transposed convolution switches: the input's gradient is the convolution of the upstream, the kernel's a sum over "
    "windows": "전치 합성곱은 맞바꿉니다: 입력의 기울기는 상류의 합성곱, 커널의 기울기는 창들에 걸친 합입니다",
    "trunc stops the gradient: it is flat between its steps": "버림은 기울기를 막습니다: 계단 사이가 평평합니다",
    "var gives each entry twice its distance from the mean over the count": "분산은 원소마다 평균과의 거리의 두 배를 "
    "개수로 나누어 줍니다",
    "where routes the gradient to the branch it took": "where는 기울기를 고른 가지로 보냅니다",
    "window_spread sums the gradients of the copies": "window_spread는 복사본들의 기울기를 더합니다",
    "window_sum passes each window's gradient to all its entries": "window_sum은 창마다의 기울기를 그 안의 모든 "
    "원소에 그대로 넘깁니다",
}  # fmt: skip
