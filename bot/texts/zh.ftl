# Easel 的中文文案；以 en.ftl 为准。
# 只用纯文本。上游和成员写的话放在引号里。

### 无法接受的请求：没有扣除任何积分

error-internal = 机器人内部出了点问题，没有扣除积分。请再试一次；如果一直这样，请告诉机器人的管理者。
error-not-deleted = 这个聊天不让我撤下那条消息。图片我已忘掉；请自己删除那条消息，或请管理员删除。
error-store = 机器人的数据库暂时不可用，没有扣除积分。请稍后再试。
error-store-away = 机器人的数据库暂时不可用，没有扣除积分。您的请求正在等待，恢复后我会自动开始。
error-text = 这条消息没能组织成文字。请告诉机器人的管理员。
error-machine = 我所在的服务器资源暂时不足，没有扣除积分。您的请求正在等待，资源恢复后我会自动开始。

refusal-prompt-empty = 想画什么？写在命令后面就行，例如：/imagine 暴风雨中的灯塔
refusal-pictures-without-prompt = 图片收到了，要怎么处理？直接写一句话就行，例如：改成下雨的夜晚
question-pictures = 已收到 { NUMBER($count, useGrouping: 0) } 张图片，要怎么处理？直接写一句话就行，例如：改成下雨的夜晚
question-pictures-full = 我收下了前 { NUMBER($count, useGrouping: 0) } 张图片，一次不能再多，其余的不会用到。要怎么处理？直接写一句话就行，例如：改成下雨的夜晚
question-example = 暴风雨中的灯塔
question-example-edit = 改成下雨的夜晚
refusal-prompt-too-long = 这段描述有 { NUMBER($length, useGrouping: 0) } 个字符，最多 { NUMBER($limit, useGrouping: 0) } 个。请写短一些。
refusal-text-file-too-long = “{ $name }”太长了：我最多能接收 { NUMBER($limit, useGrouping: 0) } 个字符，请缩短。
refusal-text-file-unreadable = “{ $name }”不是我能读取的文本。请另存为 UTF-8 纯文本，或直接在聊天中输入。
refusal-rest-too-late = 描述的这一部分到达时，我已经开始画前一部分了。如果需要完整的内容，请重新发送全文。
refusal-unknown-option = 没有“{ $option }”这个选项。可以用：{ $allowed }
refusal-bad-option = { $option } 不能是“{ $value }”。可以用：{ $allowed }
refusal-option-without-value = { $option } 后面要写上值。可以用：{ $allowed }
refusal-choose-model = “{ $value }”是哪个模型？可选：{ $allowed }。括号里是每张图的积分。
refusal-one-model-only = 这里只有一个模型，不用选择。请去掉 --model 再发一次。
refusal-too-many-pictures =
    { $limit ->
        [0] 这里不能附带图片，请只发文字描述。
       *[other] 一共有 { NUMBER($count, useGrouping: 0) } 张图片，一次最多 { NUMBER($limit, useGrouping: 0) } 张。请减少后重新发送，或直接回复文字，我就用前 { NUMBER($limit, useGrouping: 0) } 张。
    }
refusal-not-a-picture = “{ $name }”不是我能读取的图片。请发送以下格式：{ $kinds }
refusal-broken-picture = “{ $name }”打不开，文件可能已损坏。请重新保存后再发一次。
refusal-animated-picture = “{ $name }”是动图，我只能处理静态图片。请发送其中一帧。
refusal-moving-sticker = 贴纸“{ $name }”是动态的，我只能处理静态图片。请发送静态贴纸，或这张贴纸的截图。
refusal-picture-too-large = “{ $name }”太大了，上限是 { $limit }。请发送小一些的图片。
refusal-picture-too-many-pixels = “{ $name }”的像素太多，上限是 { NUMBER($megapixels, useGrouping: 0) } 百万像素。请发送小一些的图片。
refusal-picture-too-complex = “{ $name }”的保存方式使打开它需要太长时间。请另存为普通的 JPEG 或 PNG 后再发送。
refusal-picture-gone = “{ $name }”已经取不到了，请重新发送。
refusal-mask-without-picture = 蒙版用来标出图片上要改的地方，可是没有图片。请一起发送，或者回复要改的图片。
refusal-mask-not-transparent = “{ $name }”不能用作蒙版。请发送 PNG 文件，把要改的部分留成透明。
refusal-mask-of-other-size = 蒙版的尺寸是 { $mask }，图片是 { $picture }。请发送与图片尺寸相同的蒙版。
refusal-mask-too-large = 蒙版太大了，最多 { $limit }；请发送简单一些的。
refusal-mask-too-many-pictures =
    { $limit ->
        [1] 使用蒙版时只能带一张图片，这里有 { NUMBER($count, useGrouping: 0) } 张。请只发送要改的那一张。
       *[other] 使用蒙版时最多带 { NUMBER($limit, useGrouping: 0) } 张图片，这里有 { NUMBER($count, useGrouping: 0) } 张。请少发几张。
    }
refusal-nothing-drawn = 两张图片是一样的：我没有找到画上去的标记。请在其中一张上画出要修改的地方，再发一次。没有扣除额度。
refusal-region-asked = 请点“区域”，涂抹需要修改的部分。在那里点“绘制”之前不会花费任何额度。
refusal-region-empty = 还没有标记任何地方。请涂抹需要修改的部分。
refusal-region-everything = 整张图片都被标记了，什么都不会保留。请留下一部分不标记，或直接用文字回复图片。
refusal-region-too-detailed = 笔画太多，我读不了。请点“清除”，再用更少、更粗的笔画标记。
refusal-region-unreadable = 无法读取您涂抹的内容。请重新加载页面。
refusal-region-of-other-picture = 这不是您涂抹的那张图片。请再点一次“区域”。
refusal-region-unavailable = 这里还不能手绘区域：需要运营者为我设置一个公开的网址。
refusal-region-link-unknown = 这个链接没有指向任何内容。请再点一次“区域”。
refusal-region-link-expired = 链接已过期，有效期为 15 分钟。请再点一次“区域”。
refusal-region-link-used = 这个链接已经用过了，只能使用一次。要再画一张，请再点一次“区域”。
refusal-region-of-other-user = 这个链接是给别人的。请您自己点“区域”获取。
refusal-reply-gone = 你回复的消息已被删除。请把图片和文字重新发送一次。
refusal-nothing-to-edit = 没有可以修改的图片。请回复一张图片，或把图片和文字一起发送。
refusal-nothing-to-extend = 图片已经是这个形状，周围没有可以补画的部分。
refusal-reply-has-no-picture = 你回复的消息里没有图片。请回复带图片的消息，或另发一条新消息。
refusal-still-painting = 这张图还没画完，画好后再回复它吧。
refusal-out-of-credits = 这次需要 { NUMBER($cost, useGrouping: 0) } 积分，你还剩 { NUMBER($left, useGrouping: 0) } 积分。{ $refill ->
        [1] 一小时内会补充新的积分。
       *[other] { NUMBER($refill, useGrouping: 0) } 小时后会补充新的积分。
    }
refusal-chat-out-of-credits = 这次需要 { NUMBER($cost, useGrouping: 0) } 积分，本群还剩 { NUMBER($left, useGrouping: 0) } 积分。{ $refill ->
        [1] 一小时内会补充新的积分。
       *[other] { NUMBER($refill, useGrouping: 0) } 小时后会补充新的积分。
    }
refusal-too-dear = { refusal-out-of-credits }这样就够了：{ $cheaper }。括号里是那时需要的积分。
refusal-chat-too-dear = { refusal-chat-out-of-credits }这样就够了：{ $cheaper }。括号里是那时需要的积分。
refusal-too-many-waiting =
    { $limit ->
        [0] 你正在进行的图片已达上限。请等一张画完，或用 /cancel 停止。
       *[other] 你已有 { NUMBER($limit, useGrouping: 0) } 张图片在排队。请等一等，或用 /cancel 停止。
    }
refusal-banned = 你已不能使用这个机器人。如有疑问，请联系管理员。
refusal-paused = 一天之内你有太多请求被审核拒绝，因此接下来 { NUMBER($hours, useGrouping: 0) } 小时内（到 { $until } 为止）我不会为你画图。没有扣除积分。如有疑问，请联系管理员，他们可以解除暂停。
refusal-chat-banned = 这个聊天不能使用本机器人。如有疑问，请联系机器人的管理者。
refusal-closed = 本机器人只对受邀的人开放。
refusal-forbidden-word = 这里不能画这个，请换个说法。
refusal-flagged-prompt = 这个我不能画：文字被判定为{ $category ->
        [harassment] 骚扰
        [hate] 仇恨
        [illicit] 违法内容
        [self-harm] 自残
        [sexual] 色情内容
        [sexual-minors] 涉及未成年人的色情内容
        [violence] 暴力
       *[other] 这里不允许的内容
    }。没有扣除积分。请换个说法：编辑你的消息，或回复这条消息。
refusal-flagged-picture = 这个我不能画：第 { NUMBER($number, useGrouping: 0) } 张图片被判定为{ $category ->
        [harassment] 骚扰
        [hate] 仇恨
        [illicit] 违法内容
        [self-harm] 自残
        [sexual] 色情内容
        [sexual-minors] 涉及未成年人的色情内容
        [violence] 暴力
       *[other] 这里不允许的内容
    }。没有扣除积分。请换一张图片。
refusal-too-fast = 一下子太多了。{ NUMBER($seconds, useGrouping: 0) } 秒后我再听。
refusal-not-yours = 只有发起这张图的人才能这样做。
refusal-parent-deleted = 那张图片已删除。
refusal-parent-forgotten = 应所有者要求，那张图片已被忘记。
refusal-parent-elsewhere = 那张图片在另一个聊天里。
refusal-parent-expired = 那张图片已不再保存。
refusal-nothing-before = 这张图片仅凭文字绘制，之前没有别的图片。
refusal-nothing-to-delete = 请用 /delete 回复要删除的那张图。
refusal-not-an-administrator = 这是以群组或频道的名义提出的，只有它的管理员可以操作。
refusal-role-unknown = 现在查不到你是不是这里的管理员。什么都没有发生，请稍后再试。
refusal-already-finished = 这张图已经完成了。
refusal-forgotten = Easel 已经忘了这一张。请重新输入你的愿望。
refusal-pictures-forbidden = 我在这个聊天里既不能发照片，也不能发文件，所以没法在这里画图。没有扣除积分。管理员可以放开这项权限。
# Said in a private chat, or to the one who pressed a button.
refusal-writing-forbidden = 我不能在你提出请求的地方发消息，所以没法在那里画图。没有扣除积分。管理员可以放开这项权限。
refusal-restarting = 机器人即将重启，暂不接受新的请求。没有扣除积分，请过几分钟再发一次。
refusal-admins-only = 这个命令只有机器人的管理员可以使用。
refusal-admin-page-off = 管理页面没有打开。设置项 admin_page.enabled 可以打开它。
refusal-admin-link-in-group = 谁打开管理页面的链接，谁就能登录，所以我只在私聊里给出。请私聊我发送 /admin link。
refusal-unknown-command = 我不认识“{ $command }”。发送 /help 看看我能做什么。
refusal-bad-arguments = 没看懂。请这样写：{ $usage }
refusal-unknown-charge = 找不到编号为“{ $charge }”的购买记录。编号写在收据上。
refusal-unknown-provider = 没有名为“{ $name }”的服务。{ $nearest ->
        [none] {""}
       *[other] 是不是 { $nearest }？
    }现有：{ $all }。
refusal-unknown-member = 没有键为“{ $user }”的成员。{ $nearest ->
        [none] 也没有相近的键。
       *[other] 最接近的是 { $nearest }。
    }
refusal-unknown-job = 没有任务“{ $id }”。{ $nearest ->
        [none] 也没有相近的编号。
       *[other] 最接近的是 { $nearest }。
    }
bot-paused = 我在休息：管理员暂时让我停下来了。没有扣除积分。之前的请求仍会画完。
# $words: an admin’s own.
bot-paused-in-words = { $words }
providers-paused = 能做到这一点的绘图服务已被管理员暂停。没有扣除积分，请稍后再试。
refusal-unsupported = 这里的绘图服务都做不到：{ $what }。请去掉它，或换一种要求。
refusal-unsupported-by-model = { $model } 做不到：{ $what }。这些模型可以：{ $models }。

### 失败：预留的积分已退回

failed-unknown = 绘图服务出错了，没有扣除积分。可以再试一次。
failed-unreachable = 连接不上绘图服务，没有扣除积分。请过几分钟再试。
failed-busy = 绘图服务现在太忙，没有扣除积分。请过几分钟再试。
failed-down = 绘图服务暂时不可用，没有扣除积分。请稍后再试。
failed-no-answer = 绘图服务没有及时回应，没有扣除积分。请再试一次。
failed-credentials = 绘图服务不接受这个机器人的密钥，没有扣除积分。请告诉机器人的管理者。
failed-blocked = 绘图服务封禁了这个机器人的账号。没有扣除积分，请告诉机器人的管理者。
failed-no-turn = 同时绘制的图太多，{ NUMBER($minutes, useGrouping: 0) } 分钟内没有轮到这张图。没有扣除积分，请稍后再试。
failed-model = 绘图服务没有这个机器人要用的模型，没有扣除积分。如果有别的模型，请换一个，并告诉机器人的管理者。
failed-endpoint = 绘图服务的地址配置不对，没有扣除积分。请告诉机器人的管理者。
failed-funds = 机器人在绘图服务的余额已用完，没有扣除你的积分。请告诉机器人的管理者。
failed-rejected = 绘图服务无法完成：“{ $quote }”。没有扣除积分。请修改要求后再试。
failed-too-large = 即使缩小了图片，请求对绘图服务来说仍然太大。没有扣除积分，请发送更小或更少的图片。
failed-text-too-large = 请求对绘图服务来说太大，没有扣除积分。请缩短文字描述。
failed-moderated = 绘图服务的内容规则不允许生成这张图，没有扣除积分。请换个说法或换张图片。
# 触发暂停的那次拒绝之后。$until：UTC 日期和时间。
ended-paused = 一天之内被拒绝的次数已到上限：接下来 { NUMBER($hours, useGrouping: 0) } 小时内（到 { $until } 为止）我不会为你画图。如有疑问，请联系管理员，他们可以解除暂停。
failed-unmoderated = 这里的请求要先经过审核，而审核服务现在没有回应。没有扣除积分。请过几分钟再试。
failed-declined = 绘图服务只回了文字：“{ $quote }”。没有扣除积分。请换个说法。
failed-no-picture = 绘图服务的回复里没有图片，没有扣除积分。可以再试一次。
failed-said = 绘图服务报告失败：“{ $quote }”。没有扣除积分。可以再试一次。
failed-called-off = 绘图服务中途取消了这张图，没有扣除积分。可以再试一次。
failed-bad-result = 收到的结果不是能打开的图片，没有扣除积分。可以再试一次。
failed-lost = 绘图服务接受了请求，之后失去了联系。没有扣除积分，可以再试一次。
failed-cut-short = 与绘图服务的连接中途断开，没有扣除积分。可以再试一次。
failed-went-quiet = 绘图服务 { NUMBER($seconds, useGrouping: 0) } 秒没有动静，没有扣除积分。可以再试一次。
failed-too-long = 图片没能在 { NUMBER($seconds, useGrouping: 0) } 秒内完成，没有扣除积分。可以再试一次。
failed-restarted = 机器人中途重启了，没有扣除积分。可以再试一次。
failed-unfetched = 图画好了，但没能下载下来。没有扣除积分，可以再试一次。
failed-undelivered = 图画好了，但这个聊天没有接收。没有扣除积分。如果我既不能发照片，也不能发文件，管理员可以放开这项权限。
failed-unreadable = 这张图片的记录已无法读取，没有扣除积分。请再试一次。

### 按钮及其回应

button-cancel = 取消
button-retry = 重试
button-vary = 变化
button-edit = 修改
button-delete = 删除
button-model = 任意模型
button-reframe = 扩图…
button-zoom-15 = 拉远 ×1.5
button-zoom-2 = 拉远 ×2
button-pan-left = 向左扩展 ←
button-pan-right = 向右扩展 →
button-pan-up = 向上扩展 ↑
button-pan-down = 向下扩展 ↓
button-shape-1-1 = 1:1
button-shape-3-2 = 3:2
button-shape-2-3 = 2:3
button-shape-16-9 = 16:9
button-shape-9-16 = 9:16
button-cutout = 抠图
button-upscale-2k = 以 2K 重画
button-upscale-4k = 以 4K 重画
button-undo = 撤销
button-compare = 对比
button-tree = 来历
# 跳到某一步所在的消息；后面是编号。
button-step = ↑
button-details = 详情
button-again = 再画一次
button-copy = 复制
button-original = 从原图重画
button-more = 更多…
button-back = 返回
button-answer = 回答
button-region = 区域
region-open = 打开页面
region-how = 请涂抹需要修改的部分。链接仅供您使用，15 分钟内有效，只能用一次。
region-accepted = 正在绘制，图片会出现在聊天里。您可以关闭此页面。
region-page-title = 涂抹需要修改的部分
region-page-picture = 图片
region-page-stage = 要涂抹的图片。方向键移动方格，回车标记或取消标记。
region-page-tools = 工具
region-page-brush = 画笔（B）
region-page-eraser = 橡皮（E）
region-page-rectangle = 矩形（R）
region-page-pan = 移动图片（H，或按住空格）
region-page-size = 画笔粗细（[ 和 ]）
region-page-undo = 撤销（Ctrl+Z）
region-page-redo = 重做（Ctrl+Y）
region-page-clear = 清除
region-page-invert = 反选（I）
region-page-in = 放大（+）
region-page-out = 缩小（-）
region-page-fit = 显示整张图片（0）
region-page-marked = 已标记 [percent]%
region-page-nothing = 尚未标记
region-page-cell-marked = 第 [row] 行第 [column] 列：已标记
region-page-cell-free = 第 [row] 行第 [column] 列：未标记
region-page-prompt = 这里应该是什么？
region-page-paint = 绘制
region-page-loading = 正在加载图片…
region-page-sending = 正在发送…
region-page-offline = 没有连接。请重试；不会重复绘制。
region-page-picture-failed = 您的浏览器无法显示这张图片。
# Above the buttons of the menu behind “更多…”, where it is a message of its own.
menu-title = 要对这张图片做什么？
# “撤销”按钮再次发出的图片：结果所依据的那一张。
undo-caption = 回到“{ $prompt }”
undo-photo = 您的图片，原样在此。
# 两张并排图片上方的文字。
compare-caption = “{ $prompt }”之前与之后
# 一张图片的由来，每行有编号、要求和链接。
tree-title = 这张图片的由来：
tree-photo = 您自己的图片
tree-line = “{ $prompt }”
# 行数过多时；以及对某一步所在消息的回复。
tree-more = …… 中间还有 { NUMBER($count, useGrouping: 0) } 步
tree-here = 在这里：{ $step }
tree-gone = { $reason ->
    [deleted] （已删除）
    [forgotten] （已忘记）
    [elsewhere] （在另一个聊天里）
   *[expired] （不再保存）
}
details-options = 选项：{ $options }
details-model = 由 { $model } 绘制，经 { $provider }
details-cost = { NUMBER($seconds, useGrouping: 0) } 秒 · { NUMBER($credits, useGrouping: 0) } 积分
details-root = 仅凭文字绘制。
details-branch = { $edits ->
    [0] 变体
   *[other] 第 { NUMBER($edits, useGrouping: 0) } 次修改
}，{ $has_began ->
    [0] 起于发来的图片。
   *[other] 起于“{ $began }”。
}
answer-edit-how = 回复这张图片，写上要修改的内容。
answer-edit-next = 现在直接写下要修改的内容。
press-too-late = 来不及停止了，图片马上就到。
press-again = 已经在进行中了。
# 发给绘图服务：附带的第一张图就是成员想要变化的结果。
prompt-vary = 请为第一张图片创作一个变体：保留主题和氛围，改变构图和细节。
prompt-extend = 图片放在了更大的画布上。只画出它周围新增的部分，让场景以同样的风格和光线自然延续，看不出接缝。图片本身必须保持原样，不要加边框。
prompt-cutout = 抠出图片中的主体：主体的每个细节都不变，背景完全透明。
prompt-upscale = 以更高的分辨率重新画同一张图片：构图、颜色和细节都相同，只是更清晰、更细致。不要改变或添加任何内容。
prompt-about = 关于这张图片：{ $prompt }

### 任务的结局

done-caption = “{ $prompt }”· { NUMBER($seconds, useGrouping: 0) } 秒 · { NUMBER($credits, useGrouping: 0) } 积分
done-partly = “{ $prompt }”· 画好 { NUMBER($got, useGrouping: 0) } 张，共要求 { NUMBER($asked, useGrouping: 0) } 张 · { NUMBER($seconds, useGrouping: 0) } 秒 · 扣除 { NUMBER($credits, useGrouping: 0) } 积分
done-missing = { $reason ->
    [failed-moderated] 其余的图片不符合绘图服务的内容规则。
    [failed-rejected] 其余的图片被绘图服务拒绝了。
    [failed-busy] 绘图服务太忙，其余的没能画出来。
   *[other] 绘图服务没能画出其余的图片。
}
# 图片下方：按蒙版编辑后，蒙版以外的原图未能恢复。
done-scaled = 为了放进更大的画面，图片被缩小了；除此之外没有任何改变。
done-moved = { $count ->
    [one] 蒙版以外的部分未能恢复原样，因此按绘制结果显示。
   *[other] 其中 { NUMBER($count, useGrouping: 0) } 张蒙版以外的部分未能恢复原样，因此按绘制结果显示。
}
done-unread = 在你发回的图片上没有找到笔迹，所以把它当作第二张图片。用单色的普通画笔最容易识别。
# 连续修改超过三次的图片下方。
done-wears = 每次修改都会让图片稍有损耗，这张已经改过多次。“更多…”里的“从原图重画”会一次完成所有修改。
# 图片下方：之前选择的模型已不再提供。
done-replaced-model = 你选择的 { $model } 已不再提供，这张图由别的模型绘制。发 /model 可查看现有模型。
cancelled = 已取消，没有扣除积分。
deleted = 已删除。
done-call = 你的图片好了。
ended-call = 这一张结束了。
state-waiting = 排队中
state-running = 绘制中
state-done = 已完成
state-failed = 失败
state-deleted = 已删除
state-cancelled = 已取消

### 命令的回答

answer-start =
    你好！告诉我想画什么，或者发一张照片，说说要怎么改。
    例如：暴风雨中的灯塔，油画
    发送 /help 查看更多。
help-imagine = /imagine 暴风雨中的灯塔：画一张新图，也可以附上照片作参考。
help-edit = /edit 改成夜晚：修改你回复的或一起发送的图片。
help-quota = /quota：查看剩余积分
help-history = /history：最近的图片
help-cancel = /cancel：停止正在进行和排队的图片
help-delete = /delete（回复图片）：撤下你的图片
help-tips =
    私聊时直接写就行，可以附照片。想修改结果，回复那张图即可。
    想指明位置：在图上画标记，再用它回复那张图：“红圈：帽子”。
    描述中可加选项：--size 3:2、--quality high、--n 2
help-models = --model 名称 选择模型，/model 名称 为你记住模型：{ $models }
option-credits = { $price } { $credits ->
       *[other] 积分
    }
option-price = { $option }（{ $price } { $credits ->
       *[other] 积分
    }）
help-qualities = --quality 名称 选择质量：{ $choices }
help-sizes = --size 名称 选择分辨率：{ $choices }
help-price = 一张图片 { $price } { $credits ->
       *[other] 积分。
    }
# 对 /model 的答复。
answer-model-kept = 从现在起由 { $model } 为你画图，除非用 --model 指定别的模型。
answer-model-auto = 你没有固定模型：每张图由我选择。
answer-model-how = 点一个模型即可记住，也可以发 /model 名称；发 /model auto 则重新由我选择。
answer-quota =
    今天还剩 { NUMBER($left, useGrouping: 0) } 积分。
    为未完成的图片预留：{ NUMBER($held, useGrouping: 0) }
    进行中或排队：{ NUMBER($running, useGrouping: 0) }
    每天 { NUMBER($daily, useGrouping: 0) } 积分；{ $refill ->
        [1] 一小时内补充
       *[other] { NUMBER($refill, useGrouping: 0) } 小时后补充
    }
answer-history-empty = 这里还什么都没有。画第一张吧：/imagine 暴风雨中的灯塔
answer-history-line = { NUMBER($number, useGrouping: 0) }. { $time } · { $state } ·“{ $prompt }”
answer-cancelled = 已停止 { NUMBER($count, useGrouping: 0) } 张图片，没有扣除积分。
answer-deleted =
    已删除。{ $credits ->
        [0] 没有为它扣过积分。
       *[other] 为它扣掉的 { NUMBER($credits, useGrouping: 0) } 积分不退。
    }
answer-privacy =
    我保存的内容：你在这里的名字、你的描述和选项、你记住的模型、图片在聊天中的位置，以及每张图的时间。图片本身只保存到送达为止；聊天不会再次提供的上传文件和你给出链接的图片最多保存一个月。
    { $days ->
        [0] 已完成的任务会保留到你发送 /forget 为止。
       *[other] 已完成的任务在 { NUMBER($days, useGrouping: 0) } 天后删除。
    }
    积分只以数字保存，不含用途。你的绘图请求会发给绘图服务；如果机器人的主人要求先审核，也会发给审核服务，但都不带你的名字；有些服务会收到一个代替名字的代码。审核拒绝的请求会记录一天。
    除这些数字和记录外，/forget 会全部删除。
answer-forgotten =
    { $count ->
        [0] 没有可以删除的内容了。
       *[other] 已删除 { NUMBER($count, useGrouping: 0) } 个任务及其描述和图片。聊天里的消息请自行删除。
    }
# 接在上面的答复之后：有一张图片正在送往聊天。
forget-again = 有一张图片正在送达。等它出现后，请再发一次 /forget。
answer-nothing-to-cancel = 你没有进行中或排队的图片。
answer-granted = 已给 { $user } 增加 { NUMBER($credits, useGrouping: 0) } 积分，现有 { NUMBER($left, useGrouping: 0) } 积分。
answer-set = { $user } 现有 { NUMBER($left, useGrouping: 0) } 积分。
answer-banned = { $user } 已不能使用机器人。撤销：/admin unban { $user }
answer-unbanned = { $user } 又可以使用机器人了。
answer-bot-paused = 已暂停：新请求会被拒绝，之前接受的仍会画完。管理员自己的请求照常，方便试用。恢复：/admin resume
answer-bot-resumed = 重新接受请求了。
answer-provider-paused = { $name } 不再开始新的图，进行中的继续。恢复：/admin resume { $name }
answer-provider-resumed = { $name } 重新启用了。
answer-member = 剩余积分：{ NUMBER($left, useGrouping: 0) } · 占用：{ NUMBER($held, useGrouping: 0) } · 每天：{ NUMBER($daily, useGrouping: 0) }
answer-member-today = 今天（UTC）：完成 { NUMBER($done, useGrouping: 0) } · 失败 { NUMBER($failed, useGrouping: 0) } · 取消 { NUMBER($cancelled, useGrouping: 0) } · 被审核拒绝 { NUMBER($refused, useGrouping: 0) }
answer-member-banned = 已封禁。解除：/admin unban { $user }
answer-unpaused = { $user } 已不再暂停，之前的拒绝记录已清除。
answer-refunded = 已向 { $user } 退还购买 { NUMBER($credits, useGrouping: 0) } 积分的款项。现在还剩：{ NUMBER($left, useGrouping: 0) }
# The link signs in whoever opens it.
answer-admin-link =
    用这个链接可以登录管理页面，十分钟内有效，只能用一次：
    { $link }
    请不要转给任何人。
answer-admin-link-local =
    用这个链接可以在我运行的那台电脑上登录管理页面，十分钟内有效，只能用一次：
    { $link }
    请不要转给任何人。
answer-stats =
    今天（UTC）有 { NUMBER($users, useGrouping: 0) } 人提出请求。
    排队：{ NUMBER($waiting, useGrouping: 0) } · 绘制中：{ NUMBER($running, useGrouping: 0) }
    完成：{ NUMBER($done, useGrouping: 0) } · 失败：{ NUMBER($failed, useGrouping: 0) } · 取消：{ NUMBER($cancelled, useGrouping: 0) }
    扣除积分：{ NUMBER($charged, useGrouping: 0) }
answer-stats-chart = 图表：最近 { NUMBER($days, useGrouping: 0) } 天每天的图片、失败和积分
answer-stats-spent = 绘图服务扣除（按其自身的积分）：{ NUMBER($spent, useGrouping: 0) }
answer-stats-refused = 一天之内被审核拒绝：{ NUMBER($count, useGrouping: 0) }
answer-stats-paused = 暂停中：{ $user }，还有 { NUMBER($hours, useGrouping: 0) } 小时（被拒 { NUMBER($count, useGrouping: 0) } 次）。解除：/admin unpause { $user }
answer-stats-strikes = 一天之内被拒：{ $user }，{ NUMBER($count, useGrouping: 0) } 次

### 命令提示：每条一行

hint-imagine = 画一张新图
hint-edit = 修改图片：回复它，或一起发送
hint-quota = 还剩多少积分
hint-history = 最近的图片
hint-cancel = 停止正在进行和排队的图片
hint-delete = 撤下你回复的那张图片
hint-model = 记住画图用的模型，或查看有哪些
hint-help = 我能做什么，附例子
hint-privacy = 保存了哪些与你有关的内容
hint-forget = 删除你的描述、历史和图片
hint-start = 打个招呼
hint-buy = 购买积分
hint-admin = 管理员专用：grant、set、ban、unban、unpause、stats

### Notices for the bot's administrators: what needs a person, and that it is over

# $subject: name of a provider, or of a platform. $detail: a clause in English, from the log.
notice-provider-refuses = 服务商 { $subject } 不接受 Easel 的密钥，请检查。（{ $detail }）
notice-provider-refuses-over = 服务商 { $subject } 重新接受 Easel 的密钥了。
notice-provider-blocks = 服务商 { $subject } 封禁了账号，请联系其客服，或换一个密钥。（{ $detail }）
notice-provider-blocks-over = 服务商 { $subject } 不再封禁该账号。
notice-provider-funds = 服务商 { $subject } 的余额已用完，请充值。（{ $detail }）
notice-provider-funds-over = 服务商 { $subject } 又可以作画了：账户里有余额。
notice-provider-settings = 服务商 { $subject } 不认识所设置的地址或模型，请修改设置。（{ $detail }）
notice-provider-settings-over = 服务商 { $subject } 按现在的设置又可以作画了。
notice-provider-down = 服务商 { $subject } 已经连续出错几分钟。（{ $detail }）
notice-provider-down-over = 服务商 { $subject } 又可以作画了。
notice-platform-refuses = Easel 无法登录 { $subject }：{ $detail }
notice-platform-refuses-over = Easel 已重新连接到 { $subject }。
notice-platform-away = Easel 与 { $subject } 已经断开几分钟：{ $detail }
notice-platform-away-over = Easel 已重新连接到 { $subject }。
notice-database = 数据库无法写入：{ $detail }
notice-database-over = 数据库又可以写入了。
notice-disk = { $subject } 的磁盘快满了：{ $detail }。磁盘满了之后，请求会被拒绝。
notice-disk-over = { $subject } 的磁盘又有空间了。
notice-backup = 数据库备份失败：{ $detail }
notice-backup-over = 数据库备份恢复正常。
notice-set-aside = 无法读取的内容已被搁置：{ $detail }
notice-new-errors = 出现了新类型的意外错误：{ $detail }。“easel errors”会列出它们和相关任务。

### The playground page

page-members = 你的身份
page-chats = 聊天
page-chat-group = 画室
page-chat-group-kind = 所有人
page-chat-group-note = 提到 Easel 或回复它的消息时，它才会应答。
page-chat-direct = Easel
page-chat-direct-kind = 私聊
page-chat-direct-note = 只有你和 Easel。在这里写什么，它就画什么。
page-unread = 有新消息
page-credits = 今日剩余积分
page-credits-back = 恢复时间：
page-credits-held = 预留中
page-price = 每张：
page-demo = 演示：图片只是替身
page-demo-title = 从演示到真正的图片
page-demo-intro = 此页面运行完整的 Easel，但图片由替身绘制：风景，以及它收到的内容。三步换成真正的图片：
page-demo-step-key = 在 easel.toml 中写入一个服务商和它的密钥。deploy/PROVIDERS.md 列出了全部预设。
page-demo-step-bot = 加入 Discord 或 Telegram 机器人的令牌，或继续使用此页面。
page-demo-step-run = 按 Ctrl+C 停止演示，然后检查设置并运行。
page-copy = 复制
page-copied = 已复制
page-deleted = 已删除。
page-undo = 撤销
page-show = 查看
page-newest = 回到最新消息
page-gallery = 画廊
page-gallery-search = 搜索描述
page-gallery-members = 谁的图片
page-gallery-all = 所有人
page-gallery-empty = 还没有图片。Easel 在这个聊天里画的图片都会挂在这里。
page-gallery-nothing = 没有符合条件的图片。
page-gallery-count = 显示的图片：
page-skip = 跳到消息输入框
page-shortcuts = 键盘快捷键
page-key-line = 换行
page-key-complete = 采用建议
page-key-timeline = 输入框为空时，转到最新消息
page-key-walk = 在消息之间移动
page-key-inside = 在消息的按钮之间移动
page-key-open = 打开图片
page-key-edit = 修改图片
page-key-back = 回到消息输入框
page-key-pictures = 查看器和画廊
page-key-turn = 在图片之间移动
page-key-lead = 从画廊转到消息
page-language = 语言
page-theme-dark = 切换到深色主题
page-theme-light = 切换到浅色主题
page-menu-open = 打开菜单
page-menu-close = 关闭菜单
page-timeline = 消息
page-new-messages = 新消息
page-you = 你
page-bot = 机器人
page-edited = 已编辑
page-reply = 回复
page-delete = 删除
page-reply-gone = 消息已删除
page-replying-to = 回复
page-reply-cancel = 取消回复
page-picture = 图片
page-picture-of = 第 [n] 张图，共 [count] 张
page-region = 涂抹区域
page-compare = 对比
page-compare-with = 与哪张对比
page-compare-line = 两张图之间的分界线
page-compare-before = 修改前
page-compare-after = 修改后
page-progress = 绘画进度
page-composer = 消息
page-composer-group = @easel 雪地里的狐狸……
page-composer-direct = 想画什么？
page-composer-edit = 想改哪里？
page-hint-keys = Enter 发送，Shift + Enter 换行
page-mention-hint = Easel 听不到这条消息，请加上
page-mention-add = 加上 @easel，让 Easel 听到
page-mention-option = 请 Easel 作画
page-options = 选项
page-option-size = 画幅
page-option-tier = 分辨率
page-option-quality = 质量
page-option-n = 张数
page-option-model = 模型
page-option-background = 背景
page-option-format = 文件格式
page-option-auto = 自动
page-option-unavailable = 与其他选项不能同时使用
page-commands = 建议
page-send = 发送
page-attach = 添加图片
page-attachment-remove = 移除
page-drop = 把图片拖放到任意位置
page-uploading = 正在上传
page-upload-failed = 上传未成功，连接恢复后会自动重试。
page-upload-retry = 重试
page-attachment-place = 第 [n] 张图，共 [count] 张：[name]
page-attachment-move = 拖动或用方向键调整顺序
page-file-too-large = 文件太大
page-too-many-files = 超出了一条消息可带的文件数
page-wait-for-upload = 请稍候：还有文件正在上传。
page-remove-failed-file = 有一个文件没有上传成功。请先移除它，再发送。
page-characters-left = 字可用
page-text-too-long = 文字太长，一条消息放不下。
page-sending = 正在发送……
page-not-sent = 这条消息没有发出。
page-send-again = 重新发送
page-discard = 放弃
page-connecting = 正在连接……
page-reconnecting = 连接已断开，正在重新连接……
page-not-connected = 尚未连接，请稍后再试。
page-dismiss = 关闭提示
page-lightbox = 图片查看器
page-download = 下载
page-close = 关闭
page-previous = 上一张
page-next = 下一张
page-empty-title = 一张空白的画布
page-empty-group = 提到 @easel，说说你想看到什么。同一条消息会随着绘画一点点填满，最后变成图片。
page-empty-direct = 说说你想看到什么。同一条消息会随着绘画一点点填满，最后变成图片。
page-example-1-how = 画一张新的
page-example-1 = 暴风雨中的灯塔，布面油画
page-example-2-how = 拖入一张照片，然后输入
page-example-2 = 改成动漫风格，戴一顶帽子
page-example-3-how = 选择画幅
page-example-3 = 静静运河上的纸船 --size 3:2
page-error-frame = 服务器没有看懂这个页面发来的内容，什么也没有发生。请刷新页面后重试。
page-error-foreign = 这个地址只回应在本机打开的页面：

### Status message

stage-waiting = ⏳ 排队中
page-stage-waiting = { stage-waiting }
stage-preparing = 📥 准备中
stage-sending = 📨 正在提交请求
stage-retrying = 🔁 刚才没有成功，正在重试
stage-queued = 🕒 已受理，等待开始绘制
stage-painting = 🎨 绘制中
stage-saving = 🖼️ 绘制完成，正在取回图片
# $bar is drawn with twelve symbols; $percent is from 0 to 100.
status-progress = { $bar } { $percent }%
# $ahead: how many requests come before this one.
status-place = { $ahead ->
    [0] 下一个就是你
   *[other] 前面还有 { $ahead } 个请求
}
# $count is always more than one.
status-got = 已完成 { $got }/{ $count } 张
status-restarts-after = 完成后机器人将重启
status-restarts-before = 机器人正在重启，之后会继续
status-seconds = { $seconds } 秒
status-minutes = { $minutes } 分 { $seconds } 秒
# $time is one of the two durations above.
status-left = 大约还需 { $time }

### Discord
# 命令名：小写，不含空格，最多 32 个字符。

discord-name-imagine = 画图
discord-name-edit = 修改
discord-name-quota = 积分
discord-name-history = 历史
discord-name-cancel = 取消
discord-name-model = 模型
discord-name-help = 帮助
discord-name-privacy = 隐私
discord-name-forget = 遗忘
discord-name-admin = 管理
discord-name-grant = 赠送
discord-name-set = 设定
discord-name-ban = 封禁
discord-name-unban = 解封
discord-name-unpause = 解除暂停
discord-name-stats = 统计
discord-name-link = 链接
discord-name-user = 成员
discord-name-job = 任务
discord-name-pause = 暂停
discord-name-resume = 恢复
# 每条一行，最多 100 个字符。
discord-hint-grant = 送给某人不会过期的积分
discord-hint-set = 把某人今天的积分设为指定数目
discord-hint-ban = 不再让某人画图
discord-hint-unban = 让某人可以继续画图
discord-hint-unpause = 解除因审核拒绝而开始的暂停
discord-hint-stats = 今天的情况
discord-hint-link = 管理页面的链接（私聊）
discord-hint-user = 成员的积分、被拒次数和最近的任务
discord-hint-job = 任务的每一步和时间
discord-hint-pause = 暂停某个服务，或暂停机器人并告知成员
discord-hint-resume = 结束暂停
discord-option-prompt = 要画什么，或者要改什么
discord-option-image = 作为起点的图片
discord-option-more = 再加一张图片
discord-option-mask = 标出修改位置的图片
discord-option-size = 图片的形状或尺寸
discord-option-quality = 画得多精细
discord-option-model = 用哪个模型画，以及每张图的价格
discord-option-model-name = 以后由哪个模型画图；留空则列出全部，auto 表示不固定
discord-option-n = 几张图片
discord-option-user = 成员，或 平台:编号
discord-option-credits = 多少积分
discord-option-job = 任务编号
discord-option-target = 服务的名字，或 bot
discord-option-provider = 服务的名字；留空表示机器人
discord-option-words = 暂停时告诉成员的话
# 消息菜单里的一项，最多 32 个字符。
discord-menu-delete = 删除图片
discord-menu-edit = 修改图片
# 每条最多 45 个字符。
discord-form-title = 修改这张图片
discord-form-prompt = 要改什么？
discord-form-pictures = 还要用到的图片
discord-form-example = 改成下雨的夜晚
discord-answer-title = 你的回答
discord-answer-prompt = 要画什么，或者要改什么
discord-command-changed = 这个命令在您的 Discord 加载之后已经改变。请重新输入；如果看起来还是老样子，请重启 Discord。
discord-hidden = 我看不到你指的内容。请在消息里提到我；如果是别人发的图片，请打开那条消息的菜单，选择“应用 → { $menu }”。
# $missing 是 Discord 自己的权限名称列表。
discord-no-permission = 我在这个频道里没法工作：缺少权限 { $missing }。请联系服务器的管理者。
discord-moved = 花的时间超过了 Discord 允许我在原处回答的期限，所以发到这里。
discord-owed = 你上一张图片花的时间超过了 Discord 允许我回答的期限，我又联系不上你。没有扣除积分。
note-moderated = 这个聊天的审核没有让我的话通过。
note-shrunk = 为了符合这个聊天的限制，图片已缩小。

### Telegram

telegram-edit-guest = 回复这张图片，提到 { $bot }，并写上要修改的内容。
telegram-edit-elsewhere = 把图片发给 { $bot }，并写上要修改的内容。
telegram-inline-title = 画这个
telegram-inline-text = 🎨 “{ $prompt }”
telegram-inline-starting = ⏳ 开始中
telegram-inline-empty = 输入想画的内容
telegram-buy-which = 想买多少积分？买来的积分不会过期。
telegram-buy-pack = { NUMBER($credits, useGrouping: 0) } 积分 · { NUMBER($stars, useGrouping: 0) } ⭐
telegram-buy-private = 积分在私聊里出售。
telegram-buy-open = 打开私聊
telegram-buy-title = { NUMBER($credits, useGrouping: 0) } 积分
telegram-buy-about = 用于本机器人作画的积分：{ NUMBER($credits, useGrouping: 0) }，不会过期。
telegram-buy-wrong = 这个报价已经失效。请重新发送 /buy。没有扣款。
telegram-buy-paid =
    谢谢！已加入 { NUMBER($credits, useGrouping: 0) } 积分，现在还剩 { NUMBER($left, useGrouping: 0) }。
    购买编号：{ $charge }
