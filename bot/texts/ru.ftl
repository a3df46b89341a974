# Easel по-русски; образец — en.ftl.
# Только простой текст. Слова сервисов и участников стоят в кавычках.

### Отказы: ничего не потрачено

error-internal = Внутри бота что-то пошло не так. Ничего не списано. Попробуйте ещё раз; если повторится, сообщите владельцу бота.
error-not-deleted = В этом чате мне не дают убрать это сообщение. Картинку я забыл; удалите сообщение сами или попросите администратора.
error-store = База данных бота сейчас недоступна. Ничего не списано. Попробуйте позже.
error-store-away = База данных бота сейчас недоступна. Ничего не списано; ваш запрос ждёт, я возьмусь за него сам, как только смогу.
error-text = Не получилось сказать это словами. Пожалуйста, сообщите тому, кто управляет ботом.
error-machine = На сервере бота сейчас закончились ресурсы. Ничего не списано; ваш запрос ждёт, я возьмусь за него сам, как только смогу.

refusal-prompt-empty = Что нарисовать? Напишите после команды, например: /imagine маяк в шторм
refusal-pictures-without-prompt = Картинки получены. Что с ними сделать? Просто напишите, например: сделай дождливую ночь
question-pictures =
    { $count ->
        [one] Пока { NUMBER($count, useGrouping: 0) } картинка.
        [few] Пока { NUMBER($count, useGrouping: 0) } картинки.
       *[many] Пока { NUMBER($count, useGrouping: 0) } картинок.
    } Что с ними сделать? Просто напишите, например: сделай дождливую ночь
question-pictures-full =
    { $count ->
        [one] У меня { NUMBER($count, useGrouping: 0) } картинка
        [few] У меня первые { NUMBER($count, useGrouping: 0) } картинки
       *[many] У меня первые { NUMBER($count, useGrouping: 0) } картинок
    }, больше за раз нельзя: остальные не возьму. Что с ними сделать? Просто напишите, например: сделай дождливую ночь
question-example = маяк в шторм
question-example-edit = сделай дождливую ночь
refusal-prompt-too-long =
    { $length ->
        [one] В описании { NUMBER($length, useGrouping: 0) } символ
        [few] В описании { NUMBER($length, useGrouping: 0) } символа
       *[many] В описании { NUMBER($length, useGrouping: 0) } символов
    }, а можно не больше { NUMBER($limit, useGrouping: 0) }. Сократите его, пожалуйста.
refusal-text-file-too-long =
    Файл «{ $name }» слишком длинный, а можно не больше { NUMBER($limit, useGrouping: 0) } { $limit ->
        [one] символа
        [few] символов
       *[many] символов
    }. Сократите его, пожалуйста.
refusal-text-file-unreadable = Файл «{ $name }» не читается как текст. Сохраните его как обычный текст в UTF-8 или напишите всё в чате.
refusal-rest-too-late = Эта часть описания пришла, когда я уже начал рисовать по её началу. Если нужна вся, пришлите описание ещё раз целиком.
refusal-unknown-option = Параметр «{ $option }» мне незнаком. Можно указать: { $allowed }
refusal-bad-option = Для { $option } не подходит «{ $value }». Можно указать: { $allowed }
refusal-option-without-value = После { $option } нужно значение. Можно указать: { $allowed }
refusal-choose-model = Что за модель «{ $value }»? Можно выбрать: { $allowed }. В скобках — кредиты за картинку.
refusal-one-model-only = Модель здесь всего одна, выбирать не из чего. Отправьте ещё раз без --model.
refusal-too-many-pictures =
    { $limit ->
        [0] Здесь нельзя прикладывать картинки. Пришлите только описание.
       *[other] Картинок получилось { NUMBER($count, useGrouping: 0) }, а за раз можно не больше { NUMBER($limit, useGrouping: 0) }. Пришлите ещё раз, но меньше, или ответьте описанием: возьму первые { NUMBER($limit, useGrouping: 0) }.
    }
refusal-not-a-picture = «{ $name }» — не картинка, которую я могу прочесть. Подойдут: { $kinds }
refusal-broken-picture = «{ $name }» не открывается: похоже, файл повреждён. Сохраните его заново и пришлите ещё раз.
refusal-animated-picture = «{ $name }» движется, а я работаю только с неподвижными картинками. Пришлите один кадр.
refusal-moving-sticker = Стикер «{ $name }» движется, а я работаю только с неподвижными картинками. Пришлите неподвижный стикер или снимок экрана с этим.
refusal-picture-too-large = «{ $name }» слишком велика. Предел — { $limit }; пришлите картинку поменьше.
refusal-picture-too-many-pixels = В «{ $name }» слишком много точек. Предел — { NUMBER($megapixels, useGrouping: 0) } Мп; пришлите картинку поменьше.
refusal-picture-too-complex = «{ $name }» сохранена так, что открывать её пришлось бы слишком долго. Пересохраните её как обычный JPEG или PNG и пришлите снова.
refusal-picture-gone = «{ $name }» больше недоступна. Пришлите её ещё раз.
refusal-mask-without-picture = Маска показывает, где изменить картинку, а картинки нет. Пришлите обе или ответьте на картинку.
refusal-mask-not-transparent = «{ $name }» не годится как маска. Пришлите файл PNG, в котором прозрачно то, что надо изменить.
refusal-mask-of-other-size = Размер маски — { $mask }, а картинки — { $picture }. Пришлите маску того же размера, что и картинка.
refusal-mask-too-large = Маска слишком большая. Принимаю до { $limit }; пришлите маску попроще.
refusal-mask-too-many-pictures =
    { $limit ->
        [1] Вместе с маской я беру одну картинку, а здесь их { NUMBER($count, useGrouping: 0) }. Пришлите только ту, которую надо изменить.
        [one] Вместе с маской я беру { NUMBER($limit, useGrouping: 0) } картинку, а здесь их { NUMBER($count, useGrouping: 0) }. Пришлите меньше.
        [few] Вместе с маской я беру { NUMBER($limit, useGrouping: 0) } картинки, а здесь их { NUMBER($count, useGrouping: 0) }. Пришлите меньше.
       *[many] Вместе с маской я беру { NUMBER($limit, useGrouping: 0) } картинок, а здесь их { NUMBER($count, useGrouping: 0) }. Пришлите меньше.
    }
refusal-nothing-drawn = Картинки одинаковые: я не нахожу на них ничего нарисованного. Нарисуйте на одной из них, где что изменить, и пришлите ещё раз. Ничего не списано.
refusal-region-asked = Нажмите «Область» и закрасьте то, что должно измениться. Пока вы не нажмёте там «Рисовать», ничего не тратится.
refusal-region-empty = Пока ничего не отмечено. Закрасьте то, что должно измениться.
refusal-region-everything = Отмечена вся картинка, так что ничего не останется. Оставьте что-нибудь неотмеченным или просто ответьте на картинку словами.
refusal-region-too-detailed = Столько мазков мне не прочитать. Нажмите «Очистить» и отметьте область немногими крупными мазками.
refusal-region-unreadable = Не удалось прочитать нарисованное. Загрузите страницу ещё раз.
refusal-region-of-other-picture = Это не та картинка, на которой вы рисовали. Нажмите «Область» ещё раз.
refusal-region-unavailable = Рисовать область от руки здесь нельзя: оператор должен дать мне публичный веб-адрес.
refusal-region-link-unknown = Эта ссылка никуда не ведёт. Нажмите «Область» ещё раз.
refusal-region-link-expired = Ссылка устарела: она действует 15 минут. Нажмите «Область» ещё раз.
refusal-region-link-used = Эта ссылка уже использована: она действует один раз. Чтобы нарисовать ещё, снова нажмите «Область».
refusal-region-of-other-user = Эта ссылка сделана для другого человека. Нажмите «Область» сами, чтобы получить свою.
refusal-reply-gone = Сообщение, на которое вы ответили, удалено. Пришлите картинку ещё раз вместе с текстом.
refusal-nothing-to-edit = Нет картинки, которую можно изменить. Ответьте на картинку или пришлите её вместе с текстом.
refusal-nothing-to-extend = У картинки уже такая форма: добавлять вокруг неё нечего.
refusal-reply-has-no-picture = В сообщении, на которое вы ответили, нет картинки. Ответьте на сообщение с картинкой или напишите новое.
refusal-still-painting = Эта картинка ещё не готова. Ответьте на неё, когда она появится.
refusal-out-of-credits =
    { $cost ->
        [one] Нужен { NUMBER($cost, useGrouping: 0) } кредит
        [few] Нужно { NUMBER($cost, useGrouping: 0) } кредита
       *[many] Нужно { NUMBER($cost, useGrouping: 0) } кредитов
    }, а у вас осталось { NUMBER($left, useGrouping: 0) }. { $refill ->
        [1] Новые появятся в течение часа.
        [one] Новые появятся через { NUMBER($refill, useGrouping: 0) } час.
        [few] Новые появятся через { NUMBER($refill, useGrouping: 0) } часа.
       *[many] Новые появятся через { NUMBER($refill, useGrouping: 0) } часов.
    }
refusal-chat-out-of-credits =
    { $cost ->
        [one] Нужен { NUMBER($cost, useGrouping: 0) } кредит
        [few] Нужно { NUMBER($cost, useGrouping: 0) } кредита
       *[many] Нужно { NUMBER($cost, useGrouping: 0) } кредитов
    }, а у этой группы осталось { NUMBER($left, useGrouping: 0) }. { $refill ->
        [1] Новые появятся в течение часа.
        [one] Новые появятся через { NUMBER($refill, useGrouping: 0) } час.
        [few] Новые появятся через { NUMBER($refill, useGrouping: 0) } часа.
       *[many] Новые появятся через { NUMBER($refill, useGrouping: 0) } часов.
    }
refusal-too-dear = { refusal-out-of-credits } Хватит, если указать: { $cheaper }. В скобках — сколько тогда нужно кредитов.
refusal-chat-too-dear = { refusal-chat-out-of-credits } Хватит, если указать: { $cheaper }. В скобках — сколько тогда нужно кредитов.
refusal-too-many-waiting =
    { $limit ->
        [0] У вас уже рисуется столько картинок, сколько можно. Дождитесь одной или остановите их: /cancel
        [one] У вас в очереди уже { NUMBER($limit, useGrouping: 0) } картинка. Подождите немного или остановите: /cancel
        [few] У вас в очереди уже { NUMBER($limit, useGrouping: 0) } картинки. Дождитесь одной или остановите их: /cancel
       *[many] У вас в очереди уже { NUMBER($limit, useGrouping: 0) } картинок. Дождитесь одной или остановите их: /cancel
    }
refusal-banned = Вы больше не можете пользоваться этим ботом. Если это ошибка, обратитесь к администратору.
refusal-paused = За сутки модерация отклонила слишком много ваших запросов, поэтому ещё { $hours ->
        [one] { NUMBER($hours, useGrouping: 0) } час
        [few] { NUMBER($hours, useGrouping: 0) } часа
       *[other] { NUMBER($hours, useGrouping: 0) } часов
    }, до { $until }, я ничего для вас не рисую. Ничего не списано. Если это ошибка, обратитесь к администратору: он может снять паузу.
refusal-chat-banned = В этом чате бот недоступен. Если это ошибка, обратитесь к тому, кто его ведёт.
refusal-closed = Этот бот только для тех, кого пригласил его владелец.
refusal-forbidden-word = Здесь такое рисовать нельзя. Попробуйте сказать иначе.
refusal-flagged-prompt = Это я не могу нарисовать: слова приняты за { $category ->
        [harassment] травлю
        [hate] ненависть
        [illicit] что-то незаконное
        [self-harm] самоповреждение
        [sexual] сексуальное содержание
        [sexual-minors] сексуальное содержание с несовершеннолетними
        [violence] насилие
       *[other] то, что здесь не разрешено
    }. Ничего не списано. Скажите иначе: измените своё сообщение или ответьте на это.
refusal-flagged-picture = Это я не могу нарисовать: картинка { NUMBER($number, useGrouping: 0) } принята за { $category ->
        [harassment] травлю
        [hate] ненависть
        [illicit] что-то незаконное
        [self-harm] самоповреждение
        [sexual] сексуальное содержание
        [sexual-minors] сексуальное содержание с несовершеннолетними
        [violence] насилие
       *[other] то, что здесь не разрешено
    }. Ничего не списано. Пришлите другую.
refusal-too-fast =
    Слишком много сразу. Снова слушаю через { $seconds ->
        [one] { NUMBER($seconds, useGrouping: 0) } секунду
        [few] { NUMBER($seconds, useGrouping: 0) } секунды
       *[many] { NUMBER($seconds, useGrouping: 0) } секунд
    }.
refusal-not-yours = Это может сделать только тот, кто заказал картинку.
refusal-parent-deleted = Та картинка удалена.
refusal-parent-forgotten = Та картинка забыта по желанию владельца.
refusal-parent-elsewhere = Та картинка в другом чате.
refusal-parent-expired = Та картинка больше не хранится.
refusal-nothing-before = Эта картинка нарисована только по словам: до неё ничего нет.
refusal-nothing-to-delete = Ответьте командой /delete на мою картинку, которую нужно убрать.
refusal-not-an-administrator = Это запрошено от имени чата: это могут только его администраторы.
refusal-role-unknown = Сейчас не получается узнать, администратор ли вы этого чата. Ничего не произошло; попробуйте чуть позже.
refusal-already-finished = Эта картинка уже завершена.
refusal-forgotten = Easel этого уже не помнит. Напишите просьбу заново.
refusal-pictures-forbidden = В этом чате мне нельзя отправлять ни фото, ни файлы, поэтому рисовать здесь я не могу. Ничего не списано. Разрешить это может администратор.
# Said in a private chat, or to the one who pressed a button.
refusal-writing-forbidden = Там, откуда пришёл запрос, мне нельзя писать, поэтому рисовать там я не могу. Ничего не списано. Разрешить это может администратор.
refusal-restarting = Бот скоро перезапустится и не принимает новые запросы. Ничего не списано; пришлите запрос ещё раз через несколько минут.
refusal-admins-only = Эта команда только для администраторов бота.
refusal-admin-page-off = Страница администраторов выключена. Её включает настройка admin_page.enabled.
refusal-admin-link-in-group = По ссылке на страницу администраторов войдёт любой, кто её откроет, поэтому я даю её только в личной переписке. Напишите мне там /admin link.
refusal-unknown-command = Команда «{ $command }» мне незнакома. Что я умею, покажет /help.
refusal-bad-arguments = Не получилось понять. Напишите так: { $usage }
refusal-unknown-charge = Покупки «{ $charge }» я не знаю. Номер стоит в чеке.
refusal-unknown-provider = Провайдера «{ $name }» я не знаю. { $nearest ->
        [none] {""}
       *[other] Может быть, { $nearest }?
    } Есть такие: { $all }.
refusal-unknown-member = Участника с ключом «{ $user }» я не знаю. { $nearest ->
        [none] Похожих ключей нет.
       *[other] Ближайший: { $nearest }.
    }
refusal-unknown-job = Задания «{ $id }» нет. { $nearest ->
        [none] Похожих номеров нет.
       *[other] Ближайшее: { $nearest }.
    }
bot-paused = У меня перерыв: администратор временно приостановил меня. Ничего не списано. Что заказано раньше, я ещё дорисую.
# $words: an admin’s own.
bot-paused-in-words = { $words }
providers-paused = Сервис, который это умеет, временно приостановлен администратором. Ничего не списано; попробуйте позже.
refusal-unsupported = Ни один из подключённых сервисов этого не умеет: { $what }. Попробуйте без этого или иначе.
refusal-unsupported-by-model = { $model } этого не умеет: { $what }. Умеют: { $models }.

### Неудачи: резерв возвращён

failed-unknown = В сервисе рисования произошёл сбой. Ничего не списано. Можно попробовать ещё раз.
failed-unreachable = Сервис рисования недоступен. Ничего не списано. Попробуйте через несколько минут.
failed-busy = Сервис рисования сейчас перегружен. Ничего не списано. Попробуйте через несколько минут.
failed-down = Сервис рисования сейчас не работает. Ничего не списано. Попробуйте позже.
failed-no-answer = Сервис рисования не ответил вовремя. Ничего не списано. Попробуйте ещё раз.
failed-credentials = Сервис рисования не принимает ключ этого бота. Ничего не списано. Сообщите владельцу бота.
failed-blocked = Сервис рисования заблокировал учётную запись этого бота. Ничего не списано. Сообщите владельцу бота.
failed-no-turn = Очередь этой картинки не подошла за { $minutes ->
        [one] { NUMBER($minutes, useGrouping: 0) } минуту
        [few] { NUMBER($minutes, useGrouping: 0) } минуты
       *[many] { NUMBER($minutes, useGrouping: 0) } минут
    }: рисуется слишком много картинок. Ничего не списано. Попробуйте позже.
failed-model = У сервиса рисования нет модели, которую запрашивает бот. Ничего не списано. Выберите другую модель, если она есть, и сообщите владельцу бота.
failed-endpoint = Сервис рисования не найден по указанному адресу. Ничего не списано. Сообщите владельцу бота.
failed-funds = У бота закончились средства в сервисе рисования. Ничего не списано. Сообщите владельцу бота.
failed-rejected = Сервис рисования не может это выполнить: «{ $quote }». Ничего не списано. Измените запрос и попробуйте ещё раз.
failed-too-large = Запрос слишком велик для сервиса рисования, даже с уменьшенными картинками. Ничего не списано. Пришлите картинки поменьше или меньше картинок.
failed-text-too-large = Запрос слишком велик для сервиса рисования. Ничего не списано. Опишите картинку короче.
failed-moderated = Правила сервиса рисования не допускают такую картинку. Ничего не списано. Попробуйте другие слова или другую картинку.
# После слов об отказе, с которого началась пауза. $until: дата и время UTC.
ended-paused = За сутки отказов стало слишком много: { $hours ->
        [one] { NUMBER($hours, useGrouping: 0) } час
        [few] { NUMBER($hours, useGrouping: 0) } часа
       *[other] { NUMBER($hours, useGrouping: 0) } часов
    }, до { $until }, я ничего для вас не рисую. Если это ошибка, обратитесь к администратору: он может снять паузу.
failed-unmoderated = Всё, что здесь рисуют, сначала проверяется, а проверка сейчас не отвечает. Ничего не списано. Попробуйте через несколько минут.
failed-declined = Сервис рисования ответил словами: «{ $quote }». Ничего не списано. Попробуйте сказать иначе.
failed-no-picture = Сервис рисования ответил без картинки. Ничего не списано. Можно попробовать ещё раз.
failed-said = Сервис рисования сообщил о неудаче: «{ $quote }». Ничего не списано. Можно попробовать ещё раз.
failed-called-off = Сервис рисования отменил эту картинку, не закончив её. Ничего не списано. Можно попробовать ещё раз.
failed-bad-result = Пришла не картинка, которую можно открыть. Ничего не списано. Можно попробовать ещё раз.
failed-lost = Сервис рисования принял запрос, но связь с ним пропала. Ничего не списано. Можно попробовать ещё раз.
failed-cut-short = Связь с сервисом рисования оборвалась на полпути. Ничего не списано. Можно попробовать ещё раз.
failed-went-quiet = Сервис рисования молчал { $seconds ->
        [one] { NUMBER($seconds, useGrouping: 0) } секунду
        [few] { NUMBER($seconds, useGrouping: 0) } секунды
       *[many] { NUMBER($seconds, useGrouping: 0) } секунд
    }. Ничего не списано. Можно попробовать ещё раз.
failed-too-long = Картинка не была готова за { $seconds ->
        [one] { NUMBER($seconds, useGrouping: 0) } секунду
        [few] { NUMBER($seconds, useGrouping: 0) } секунды
       *[many] { NUMBER($seconds, useGrouping: 0) } секунд
    }. Ничего не списано. Можно попробовать ещё раз.
failed-restarted = Бот перезапустили на полпути. Ничего не списано. Можно попробовать ещё раз.
failed-unfetched = Картинка готова, но скачать её не удалось. Ничего не списано. Можно попробовать ещё раз.
failed-undelivered = Картинка готова, но этот чат её не принял. Ничего не списано. Если мне нельзя отправлять ни фото, ни файлы, разрешить это может администратор.
failed-unreadable = Записи об этой картинке больше не читаются. Ничего не списано. Можно попробовать ещё раз.

### Кнопки и ответы на нажатия

button-cancel = Отменить
button-retry = Повторить
button-vary = Вариация
button-edit = Изменить
button-delete = Удалить
button-model = Любая модель
button-reframe = Рамка…
button-zoom-15 = Отдалить ×1.5
button-zoom-2 = Отдалить ×2
button-pan-left = Шире ←
button-pan-right = Шире →
button-pan-up = Выше ↑
button-pan-down = Ниже ↓
button-shape-1-1 = 1:1
button-shape-3-2 = 3:2
button-shape-2-3 = 2:3
button-shape-16-9 = 16:9
button-shape-9-16 = 9:16
button-cutout = Вырезать
button-upscale-2k = Ещё раз в 2K
button-upscale-4k = Ещё раз в 4K
button-undo = Отмена
button-compare = Сравнить
button-tree = История
# Ведёт к сообщению одного из шагов; дальше его номер.
button-step = ↑
button-details = Подробности
button-again = Нарисовать ещё раз
button-copy = Скопировать
button-original = С оригинала
button-more = Ещё…
button-back = Назад
button-answer = Ответить
button-region = Область
region-open = Открыть страницу
region-how = Закрасьте то, что должно измениться. Ссылка только для вас, действует один раз, 15 минут.
region-accepted = Картинка пишется и появится в чате. Эту страницу можно закрыть.
region-page-title = Закрасьте то, что должно измениться
region-page-picture = Картинка
region-page-stage = Картинка для закрашивания. Стрелки двигают клетку, Enter отмечает её или снимает отметку.
region-page-tools = Инструменты
region-page-brush = Кисть (B)
region-page-eraser = Ластик (E)
region-page-rectangle = Прямоугольник (R)
region-page-pan = Двигать картинку (H или держать пробел)
region-page-size = Толщина кисти ([ и ])
region-page-undo = Отменить (Ctrl+Z)
region-page-redo = Вернуть (Ctrl+Y)
region-page-clear = Очистить
region-page-invert = Инвертировать (I)
region-page-in = Приблизить (+)
region-page-out = Отдалить (-)
region-page-fit = Вся картинка (0)
region-page-marked = Отмечено [percent] %
region-page-nothing = Ничего не отмечено
region-page-cell-marked = Строка [row], столбец [column]: отмечено
region-page-cell-free = Строка [row], столбец [column]: не отмечено
region-page-prompt = Что здесь должно быть?
region-page-paint = Рисовать
region-page-loading = Картинка загружается …
region-page-sending = Отправляю …
region-page-offline = Нет соединения. Попробуйте ещё раз; дважды ничего не нарисуется.
region-page-picture-failed = Ваш браузер не может показать эту картинку.
# Above the buttons of the menu behind “Ещё…”, where it is a message of its own.
menu-title = Что сделать с этой картинкой?
# Показывает ещё раз кнопка «Отмена»: картинка, из которой получился результат.
undo-caption = Назад к «{ $prompt }»
undo-photo = Ваша картинка, как она была.
# Над двумя картинками рядом.
compare-caption = До и после «{ $prompt }»
# Над списком картинок, которые привели к результату; в каждой строке номер, пожелание и ссылка.
tree-title = Как получилась эта картинка:
tree-photo = ваша собственная картинка
tree-line = «{ $prompt }»
# Если строк больше, чем помещается; и ответ на сообщение с одним из шагов.
tree-more = … ещё { $count ->
        [one] { NUMBER($count, useGrouping: 0) } шаг
        [few] { NUMBER($count, useGrouping: 0) } шага
       *[other] { NUMBER($count, useGrouping: 0) } шагов
    } между ними
tree-here = Вот здесь: { $step }
tree-gone = { $reason ->
    [deleted] (удалена)
    [forgotten] (забыта)
    [elsewhere] (в другом чате)
   *[expired] (больше не хранится)
}
details-options = Параметры: { $options }
details-model = Нарисовано моделью { $model } через { $provider }
details-cost = { NUMBER($seconds, useGrouping: 0) } с · { $credits ->
        [one] { NUMBER($credits, useGrouping: 0) } кредит
        [few] { NUMBER($credits, useGrouping: 0) } кредита
       *[many] { NUMBER($credits, useGrouping: 0) } кредитов
    }
details-root = Нарисовано только по словам.
details-branch = { $edits ->
    [0] Вариация
    [1] Первая правка
   *[other] Правка { NUMBER($edits, useGrouping: 0) }
}: { $has_began ->
    [0] в начале присланная картинка.
   *[other] в начале «{ $began }».
}
answer-edit-how = Ответьте на картинку и напишите, что изменить.
answer-edit-next = Теперь напишите, что изменить.
press-too-late = Останавливать поздно: картинка уже в пути.
press-again = Это уже делается.
# Уходит сервису рисования: первая приложенная картинка — результат, который хотят изменить.
prompt-vary = Сделай вариацию первой картинки: сохрани сюжет и настроение, измени композицию и детали.
prompt-extend = Картинка стоит на холсте большего размера. Дорисуй только новое вокруг неё, чтобы сцена продолжалась без шва, в том же стиле и свете. Саму картинку оставь точно такой, как есть, и не добавляй рамку.
prompt-cutout = Вырежи то, что показано на картинке: тот же предмет, без изменений в деталях, на полностью прозрачном фоне.
prompt-upscale = Нарисуй ту же картинку ещё раз в более высоком разрешении: та же композиция, те же цвета и детали, только резче и тоньше. Ничего не меняй и не добавляй.
prompt-about = О картинке: { $prompt }

### Чем кончается задание

done-caption = «{ $prompt }» · { NUMBER($seconds, useGrouping: 0) } с · { $credits ->
        [one] { NUMBER($credits, useGrouping: 0) } кредит
        [few] { NUMBER($credits, useGrouping: 0) } кредита
       *[many] { NUMBER($credits, useGrouping: 0) } кредитов
    }
done-partly = «{ $prompt }» · готово { NUMBER($got, useGrouping: 0) } из { NUMBER($asked, useGrouping: 0) } · { NUMBER($seconds, useGrouping: 0) } с · { $credits ->
        [one] списан { NUMBER($credits, useGrouping: 0) } кредит
        [few] списано { NUMBER($credits, useGrouping: 0) } кредита
       *[many] списано { NUMBER($credits, useGrouping: 0) } кредитов
    }
done-missing = { $reason ->
    [failed-moderated] Остальные не допустили правила сервиса рисования.
    [failed-rejected] От остальных сервис рисования отказался.
    [failed-busy] На остальные сервису рисования не хватило мощности.
   *[other] С остальными сервис рисования не справился.
}
# Под картинкой, отредактированной по маске, если исходную картинку вне маски вернуть не удалось.
done-scaled = Картинка уменьшена, чтобы поместиться в новую рамку; больше в ней ничего не изменилось.
done-moved = { $count ->
    [one] Вне маски картинку не удалось вернуть к прежнему виду: она показана как нарисована.
    [few] На { NUMBER($count, useGrouping: 0) } из них часть вне маски не удалось вернуть к прежнему виду: они показаны как нарисованы.
   *[other] На { NUMBER($count, useGrouping: 0) } из них часть вне маски не удалось вернуть к прежнему виду: они показаны как нарисованы.
}
done-unread = Отметок пером на присланной картинке я не нашёл, поэтому учёл её как вторую картинку. Лучше всего видно обычное перо одного цвета.
# Под картинкой, которую правили больше трёх раз подряд.
done-wears = Каждая правка немного портит картинку, а здесь их уже несколько. «С оригинала» за кнопкой «Ещё…» нарисует их все сразу.
# Под картинкой, если модели, выбранной раньше, больше нет.
done-replaced-model = Модели { $model }, которую вы выбрали, больше нет; эту картинку нарисовала другая. Какие есть, покажет /model.
cancelled = Отменено. Ничего не списано.
deleted = Удалено.
done-call = ваша картинка готова.
ended-call = здесь всё закончилось.
state-waiting = в очереди
state-running = рисуется
state-done = готово
state-failed = не удалось
state-deleted = удалено
state-cancelled = отменено

### Ответы на команды

answer-start =
    Здравствуйте! Напишите, что нарисовать, или пришлите фото и скажите, что изменить.
    Например: маяк в шторм, масло на холсте
    Остальное покажет /help.
help-imagine = /imagine маяк в шторм: новая картинка; можно приложить фото.
help-edit = /edit сделай ночь: меняет картинку, на которую вы отвечаете или которую прислали.
help-quota = /quota: сколько кредитов осталось
help-history = /history: последние картинки
help-cancel = /cancel: остановить всё, что рисуется и ждёт
help-delete = /delete в ответ на вашу картинку: убирает её
help-tips =
    В личном чате просто пишите, с фото или без. Чтобы изменить результат, ответьте на него.
    Чтобы показать место, нарисуйте на картинке и ответьте на неё помеченной копией: «красный круг: шляпа».
    Параметры можно добавить в описание: --size 3:2, --quality high, --n 2
help-models = --model ИМЯ выбирает модель, /model ИМЯ запоминает её для вас: { $models }
option-credits = { $price } { $credits ->
        [one] кредит
        [few] кредита
       *[many] кредитов
    }
option-price = { $option } ({ $price } { $credits ->
        [one] кредит
        [few] кредита
       *[many] кредитов
    })
help-qualities = --quality НАЗВАНИЕ выбирает качество: { $choices }
help-sizes = --size НАЗВАНИЕ выбирает разрешение: { $choices }
help-price = Одна картинка стоит { $price } { $credits ->
        [one] кредит.
        [few] кредита.
       *[many] кредитов.
    }
# Ответы на /model.
answer-model-kept = Теперь ваши картинки рисует { $model }, если не назвать другую через --model.
answer-model-auto = Модель не выбрана: для каждой картинки её выбираю я.
answer-model-how = Нажмите на модель, чтобы запомнить её, или напишите /model ИМЯ; с /model auto снова выбираю я.
answer-quota =
    { $left ->
        [one] На сегодня остался { NUMBER($left, useGrouping: 0) } кредит.
        [few] На сегодня осталось { NUMBER($left, useGrouping: 0) } кредита.
       *[many] На сегодня осталось { NUMBER($left, useGrouping: 0) } кредитов.
    }
    В резерве за незаконченные картинки: { NUMBER($held, useGrouping: 0) }
    Рисуется или ждёт: { NUMBER($running, useGrouping: 0) }
    Каждый день: { NUMBER($daily, useGrouping: 0) }; пополнение { $refill ->
        [1] в течение часа
        [one] через { NUMBER($refill, useGrouping: 0) } час
        [few] через { NUMBER($refill, useGrouping: 0) } часа
       *[many] через { NUMBER($refill, useGrouping: 0) } часов
    }
answer-history-empty = Пока пусто. Начните так: /imagine маяк в шторм
answer-history-line = { NUMBER($number, useGrouping: 0) }. { $time } · { $state } · «{ $prompt }»
answer-cancelled =
    { $count ->
        [one] Остановлена { NUMBER($count, useGrouping: 0) } картинка. Ничего не списано.
        [few] Остановлены { NUMBER($count, useGrouping: 0) } картинки. Ничего не списано.
       *[many] Остановлено { NUMBER($count, useGrouping: 0) } картинок. Ничего не списано.
    }
answer-deleted =
    Удалено. { $credits ->
        [0] За картинку ничего не списано.
        [one] Списанный за неё { NUMBER($credits, useGrouping: 0) } кредит не возвращается.
        [few] Списанные за неё { NUMBER($credits, useGrouping: 0) } кредита не возвращаются.
       *[many] Списанные за неё { NUMBER($credits, useGrouping: 0) } кредитов не возвращаются.
    }
answer-privacy =
    Что я храню: ваше имя здесь, ваши слова и параметры, выбранную модель, где в чате стоят ваши картинки и когда они нарисованы. Сами картинки — только до доставки; загрузки, которых чат больше не покажет, и картинки по вашим ссылкам — не дольше месяца.
    { $days ->
        [0] Готовые задания хранятся, пока вы не скажете /forget.
        [one] Готовые задания забываются через { NUMBER($days, useGrouping: 0) } день.
        [few] Готовые задания забываются через { NUMBER($days, useGrouping: 0) } дня.
       *[many] Готовые задания забываются через { NUMBER($days, useGrouping: 0) } дней.
    }
    Кредиты хранятся числами, без того, на что потрачены. Просьбы уходят сервису рисования, а если владелец бота велел проверять их, то и сервису проверки, без вашего имени; некоторые сервисы получают вместо него код. Отказ модерации помнится сутки.
    /forget удаляет всё, кроме этих чисел и отметок.
answer-forgotten =
    { $count ->
        [0] Забывать больше нечего.
        [one] Забыто: { NUMBER($count, useGrouping: 0) } задание вместе со словами и картинками. Сообщения в чате вы можете удалить сами.
        [few] Забыто: { NUMBER($count, useGrouping: 0) } задания вместе со словами и картинками. Сообщения в чате вы можете удалить сами.
       *[many] Забыто: { NUMBER($count, useGrouping: 0) } заданий вместе со словами и картинками. Сообщения в чате вы можете удалить сами.
    }
# Следует за ответом выше, когда картинка была на пути в чат.
forget-again = Одна картинка как раз доставляется. Скажите /forget ещё раз, когда она появится.
answer-nothing-to-cancel = У вас ничего не рисуется и не ждёт.
answer-granted =
    { $credits ->
        [one] { $user }: добавлен { NUMBER($credits, useGrouping: 0) } кредит.
        [few] { $user }: добавлено { NUMBER($credits, useGrouping: 0) } кредита.
       *[many] { $user }: добавлено { NUMBER($credits, useGrouping: 0) } кредитов.
    } Теперь осталось { NUMBER($left, useGrouping: 0) }.
answer-set = { $user }: теперь { NUMBER($left, useGrouping: 0) } { $left ->
        [one] кредит
        [few] кредита
       *[many] кредитов
    }.
answer-banned = { $user } больше не может пользоваться ботом. Отменить: /admin unban { $user }
answer-unbanned = { $user } снова может пользоваться ботом.
answer-bot-paused = Пауза: новые запросы отклоняются, принятые раньше дорисовываются. Запросы администраторов проходят, чтобы можно было проверить. Продолжить: /admin resume
answer-bot-resumed = Снова принимаю запросы.
answer-provider-paused = { $name } не начинает новых картинок; начатые продолжаются. Продолжить: /admin resume { $name }
answer-provider-resumed = { $name } снова в работе.
answer-member = Осталось кредитов: { NUMBER($left, useGrouping: 0) } · занято: { NUMBER($held, useGrouping: 0) } · в день: { NUMBER($daily, useGrouping: 0) }
answer-member-today = Сегодня (UTC): готово { NUMBER($done, useGrouping: 0) } · не удалось { NUMBER($failed, useGrouping: 0) } · отменено { NUMBER($cancelled, useGrouping: 0) } · отклонено модерацией { NUMBER($refused, useGrouping: 0) }
answer-member-banned = Заблокирован. Отменить: /admin unban { $user }
answer-unpaused = { $user } больше не на паузе, прежние отказы забыты.
answer-refunded =
    Покупка возвращена ({ $user }): { $credits ->
        [one] { NUMBER($credits, useGrouping: 0) } кредит
        [few] { NUMBER($credits, useGrouping: 0) } кредита
       *[many] { NUMBER($credits, useGrouping: 0) } кредитов
    }. Осталось: { NUMBER($left, useGrouping: 0) }
# The link signs in whoever opens it.
answer-admin-link =
    По этой ссылке можно войти на страницу администраторов: один раз, в течение десяти минут.
    { $link }
    Никому её не передавайте.
answer-admin-link-local =
    По этой ссылке можно войти на страницу администраторов: один раз, в течение десяти минут, на том компьютере, где я работаю.
    { $link }
    Никому её не передавайте.
answer-stats =
    Сегодня (UTC) { $users ->
        [one] обратился { NUMBER($users, useGrouping: 0) } человек
        [few] обратились { NUMBER($users, useGrouping: 0) } человека
       *[many] обратились { NUMBER($users, useGrouping: 0) } человек
    }.
    Ждут: { NUMBER($waiting, useGrouping: 0) } · рисуются: { NUMBER($running, useGrouping: 0) }
    Готово: { NUMBER($done, useGrouping: 0) } · не удалось: { NUMBER($failed, useGrouping: 0) } · отменено: { NUMBER($cancelled, useGrouping: 0) }
    Списано кредитов: { NUMBER($charged, useGrouping: 0) }
answer-stats-chart = График: картинки, неудачи и кредиты по дням, дней: { NUMBER($days, useGrouping: 0) }
answer-stats-spent = Взяли сервисы рисования, в их собственных кредитах: { NUMBER($spent, useGrouping: 0) }
answer-stats-refused = Отклонено модерацией за сутки: { NUMBER($count, useGrouping: 0) }
answer-stats-paused = На паузе: { $user }, ещё { $hours ->
        [one] { NUMBER($hours, useGrouping: 0) } час
        [few] { NUMBER($hours, useGrouping: 0) } часа
       *[other] { NUMBER($hours, useGrouping: 0) } часов
    } (отказов: { NUMBER($count, useGrouping: 0) }). Снять: /admin unpause { $user }
answer-stats-strikes = Отказов за сутки у { $user }: { NUMBER($count, useGrouping: 0) }

### Подсказки команд: по строке

hint-imagine = Нарисовать новую картинку
hint-edit = Изменить картинку: ответьте на неё или пришлите
hint-quota = Сколько кредитов осталось
hint-history = Последние картинки
hint-cancel = Остановить всё, что рисуется и ждёт
hint-delete = Убрать картинку, на которую вы отвечаете
hint-model = Запомнить модель для ваших картинок или посмотреть, какие есть
hint-help = Что я умею, с примерами
hint-privacy = Что о вас хранится
hint-forget = Удалить ваши слова, историю и картинки
hint-start = Поздороваться
hint-buy = Купить кредиты
hint-admin = Для администраторов: grant, set, ban, unban, unpause, stats

### Notices for the bot's administrators: what needs a person, and that it is over

# $subject: name of a provider, or of a platform. $detail: a clause in English, from the log.
notice-provider-refuses = Провайдер { $subject } не принимает ключ Easel. Проверьте его, пожалуйста. ({ $detail })
notice-provider-refuses-over = Провайдер { $subject } снова принимает ключ Easel.
notice-provider-blocks = Провайдер { $subject } заблокировал аккаунт. Обратитесь в его поддержку или возьмите другой ключ. ({ $detail })
notice-provider-blocks-over = Провайдер { $subject } больше не блокирует аккаунт.
notice-provider-funds = Баланс у провайдера { $subject } израсходован. Пополните его, пожалуйста. ({ $detail })
notice-provider-funds-over = Провайдер { $subject } снова рисует: на счёте есть деньги.
notice-provider-settings = Провайдер { $subject } не знает заданного адреса или модели. Исправьте настройки, пожалуйста. ({ $detail })
notice-provider-settings-over = Провайдер { $subject } снова рисует с нынешними настройками.
notice-provider-down = Провайдер { $subject } уже несколько минут даёт сбои. ({ $detail })
notice-provider-down-over = Провайдер { $subject } снова рисует.
notice-platform-refuses = Easel не пускают в { $subject }: { $detail }
notice-platform-refuses-over = Easel снова подключён к { $subject }.
notice-platform-away = Уже несколько минут нет связи с { $subject }: { $detail }
notice-platform-away-over = Easel снова подключён к { $subject }.
notice-database = База данных не принимает записи: { $detail }
notice-database-over = База данных снова принимает записи.
notice-disk = Диск на { $subject } почти заполнен: { $detail }. Когда он заполнится, запросы будут отклоняться.
notice-disk-over = На диске { $subject } снова есть место.
notice-backup = Не удалось сделать копию базы данных: { $detail }
notice-backup-over = Копии базы данных снова делаются.
notice-set-aside = Нечитаемое отложено в сторону: { $detail }
notice-new-errors = Ошибки нового вида, которых никто не ждал: { $detail }. «easel errors» покажет их вместе с заданиями.

### The playground page

page-members = От чьего имени
page-chats = Чаты
page-chat-group = Мастерская
page-chat-group-kind = Все вместе
page-chat-group-note = Easel отвечает, когда его упоминают или отвечают ему.
page-chat-direct = Easel
page-chat-direct-kind = Личный чат
page-chat-direct-note = Только вы и Easel. Он рисует всё, что вы здесь напишете.
page-unread = Новые сообщения
page-credits = Осталось кредитов на сегодня
page-credits-back = Новые в
page-credits-held = в резерве
page-price = картинка:
page-demo = Демо: картинки ненастоящие
page-demo-title = От демо к настоящим картинкам
page-demo-intro = На этой странице работает весь Easel, но картинки рисует заглушка: пейзаж и то, что она получила. До настоящих — три шага:
page-demo-step-key = Запишите провайдера и его ключ в файл easel.toml. Готовые настройки перечислены в deploy/PROVIDERS.md.
page-demo-step-bot = Добавьте токен бота Discord или Telegram или оставайтесь на этой странице.
page-demo-step-run = Остановите демо клавишами Ctrl+C, проверьте настройки и запустите Easel.
page-copy = Скопировать
page-copied = Скопировано
page-deleted = Удалено.
page-undo = Вернуть
page-show = Показать
page-newest = К новым сообщениям
page-gallery = Галерея
page-gallery-search = Поиск по запросам
page-gallery-members = Чьи картинки
page-gallery-all = Все
page-gallery-empty = Картинок пока нет. Здесь появится всё, что Easel нарисует в этом чате.
page-gallery-nothing = Ничего не найдено.
page-gallery-count = Показано картинок:
page-skip = Перейти к полю сообщения
page-shortcuts = Сочетания клавиш
page-key-line = Новая строка
page-key-complete = Принять подсказку
page-key-timeline = К последнему сообщению, из пустого поля
page-key-walk = Переход по сообщениям
page-key-inside = Переход по кнопкам сообщения
page-key-open = Открыть картинку
page-key-edit = Изменить картинку
page-key-back = Вернуться к полю сообщения
page-key-pictures = Просмотр и галерея
page-key-turn = Переход по картинкам
page-key-lead = Из галереи к сообщению
page-language = Язык
page-theme-dark = Включить тёмную тему
page-theme-light = Включить светлую тему
page-menu-open = Открыть меню
page-menu-close = Закрыть меню
page-timeline = Сообщения
page-new-messages = Новые сообщения
page-you = вы
page-bot = бот
page-edited = изменено
page-reply = Ответить
page-delete = Удалить
page-reply-gone = Сообщение удалено
page-replying-to = Ответ:
page-reply-cancel = Не отвечать
page-picture = Картинка
page-picture-of = Картинка [n] из [count]
page-region = Закрасить область
page-compare = Сравнить
page-compare-with = С чем сравнить
page-compare-line = Граница между картинками
page-compare-before = До
page-compare-after = После
page-progress = Готовность картинки
page-composer = Сообщение
page-composer-group = @easel лиса в снегу…
page-composer-direct = Что нарисовать?
page-composer-edit = Что изменить?
page-hint-keys = Enter — отправить, Shift + Enter — новая строка
page-mention-hint = Easel этого не услышит. Добавьте
page-mention-add = Добавить @easel, чтобы Easel услышал
page-mention-option = Попросить Easel нарисовать
page-options = Настройки
page-option-size = Формат
page-option-tier = Разрешение
page-option-quality = Качество
page-option-n = Картинок
page-option-model = Модель
page-option-background = Фон
page-option-format = Формат файла
page-option-auto = Авто
page-option-unavailable = Не сочетается с остальным
page-commands = Подсказки
page-send = Отправить
page-attach = Добавить картинки
page-attachment-remove = Убрать
page-drop = Отпустите картинки в любом месте
page-uploading = Загрузка
page-upload-failed = Файл не загрузился. Когда связь появится, загрузка повторится сама.
page-upload-retry = Повторить
page-attachment-place = Картинка [n] из [count]: [name]
page-attachment-move = Порядок меняется перетаскиванием или стрелками
page-file-too-large = Файл слишком большой
page-too-many-files = В одно сообщение столько файлов не поместится
page-wait-for-upload = Минутку: файл ещё загружается.
page-remove-failed-file = Один файл не загрузился. Уберите его и отправьте снова.
page-characters-left = — столько знаков осталось
page-text-too-long = Текст слишком длинный для одного сообщения.
page-sending = Отправляется…
page-not-sent = Сообщение не отправлено.
page-send-again = Отправить снова
page-discard = Удалить черновик
page-connecting = Подключение…
page-reconnecting = Связь прервалась. Подключаюсь снова…
page-not-connected = Нет связи. Попробуйте чуть позже.
page-dismiss = Закрыть
page-lightbox = Просмотр картинок
page-download = Скачать
page-close = Закрыть
page-previous = Предыдущая картинка
page-next = Следующая картинка
page-empty-title = Чистый холст
page-empty-group = Упомяните @easel и скажите, что хотите увидеть. Одно сообщение заполняется по мере работы и становится картинкой.
page-empty-direct = Скажите, что хотите увидеть. Одно сообщение заполняется по мере работы и становится картинкой.
page-example-1-how = Нарисовать новое
page-example-1 = маяк в шторм, масло, холст
page-example-2-how = Перетащите фото и напишите
page-example-2 = сделай в стиле аниме, со шляпой
page-example-3-how = Выбрать форму
page-example-3 = бумажные кораблики на тихом канале --size 3:2
page-error-frame = Сервер не понял, что прислала страница. Ничего не произошло. Обновите страницу и попробуйте ещё раз.
page-error-foreign = Этот адрес отвечает только собственной странице, открытой на этом компьютере:

### Status message

stage-waiting = ⏳ В очереди
page-stage-waiting = { stage-waiting }
stage-preparing = 📥 Подготовка
stage-sending = 📨 Отправляю запрос
stage-retrying = 🔁 Не получилось, пробую ещё раз
stage-queued = 🕒 Запрос принят, жду начала
stage-painting = 🎨 Рисую
stage-saving = 🖼️ Готово, забираю результат
# $bar is drawn with twelve symbols; $percent is from 0 to 100.
status-progress = { $bar } { $percent }%
# $ahead: how many requests come before this one.
status-place = { $ahead ->
    [0] ваша очередь следующая
    [one] перед вами { $ahead } запрос
    [few] перед вами { $ahead } запроса
   *[many] перед вами { $ahead } запросов
}
# $count is always more than one.
status-got = готово { $got } из { $count }
status-restarts-after = бот перезапустится, когда закончит это
status-restarts-before = бот перезапускается, потом продолжит
status-seconds = { $seconds } с
status-minutes = { $minutes } мин { $seconds } с
# $time is one of the two durations above.
status-left = осталось около { $time }

### Discord
# Названия команд: строчными буквами, без пробелов, не длиннее 32 знаков.

discord-name-imagine = нарисуй
discord-name-edit = измени
discord-name-quota = кредиты
discord-name-history = история
discord-name-cancel = отмена
discord-name-model = модель
discord-name-help = помощь
discord-name-privacy = приватность
discord-name-forget = забыть
discord-name-admin = админ
discord-name-grant = подарить
discord-name-set = назначить
discord-name-ban = запретить
discord-name-unban = разрешить
discord-name-unpause = снять-паузу
discord-name-stats = статистика
discord-name-link = ссылка
discord-name-user = участник
discord-name-job = задание
discord-name-pause = пауза
discord-name-resume = продолжить
# По одной строке, не длиннее 100 знаков.
discord-hint-grant = Подарить кредиты, которые не сгорают
discord-hint-set = Оставить на сегодня ровно столько кредитов
discord-hint-ban = Запретить кому-то рисовать
discord-hint-unban = Снова разрешить рисовать
discord-hint-unpause = Снять паузу, начатую из-за отказов модерации
discord-hint-stats = Что было сегодня
discord-hint-link = Ссылка на страницу администраторов, в личной переписке
discord-hint-user = Кредиты участника, отказы и последние задания
discord-hint-job = Все шаги задания со временем
discord-hint-pause = Приостановить провайдера или бота, со словами для участников
discord-hint-resume = Закончить паузу
discord-option-prompt = Что нарисовать или что изменить
discord-option-image = Картинка, с которой начать
discord-option-more = Ещё одна картинка
discord-option-mask = Картинка, которая отмечает, где менять
discord-option-size = Форма или размер картинки
discord-option-quality = Насколько тщательно рисовать
discord-option-model = Какая модель рисует и сколько стоит картинка
discord-option-model-name = Какая модель рисует впредь; без имени — список, «auto» — любая
discord-option-n = Сколько картинок
discord-option-user = Участник или платформа:номер
discord-option-credits = Сколько кредитов
discord-option-job = Номер задания
discord-option-target = Имя провайдера или bot
discord-option-provider = Имя провайдера; пусто — бот
discord-option-words = Что сказать участникам
# Пункт в меню сообщения, не длиннее 32 знаков.
discord-menu-delete = Удалить картинку
discord-menu-edit = Изменить картинку
# Не длиннее 45 знаков.
discord-form-title = Изменить эту картинку
discord-form-prompt = Что изменить?
discord-form-pictures = Ещё картинки
discord-form-example = сделай дождливую ночь
discord-answer-title = Ваш ответ
discord-answer-prompt = Что нарисовать или что изменить
discord-command-changed = Эта команда изменилась с тех пор, как ваш Discord её загрузил. Наберите её ещё раз; если она выглядит по-прежнему, перезапустите Discord.
discord-hidden = Мне не видно, о чём речь. Упомяните меня в сообщении; а для чужой картинки откройте меню её сообщения и выберите «Приложения → { $menu }».
# $missing — список названий прав, как их пишет Discord.
discord-no-permission = В этом канале я не могу работать: не хватает прав { $missing }. Попросите тех, кто управляет сервером.
discord-moved = Это заняло больше времени, чем Discord даёт на ответ там, где вы просили, поэтому картинка здесь.
discord-owed = Ваша прошлая картинка заняла больше времени, чем Discord даёт на ответ, и связаться с вами не удалось. Ничего не списано.
note-moderated = Модерация этого чата не пропускает мои слова.
note-shrunk = Уменьшено, чтобы подошло этому чату.

### Telegram

telegram-edit-guest = Ответьте на картинку, упомяните { $bot } и напишите, что изменить.
telegram-edit-elsewhere = Отправьте картинку боту { $bot } и напишите, что изменить.
telegram-inline-title = Нарисовать это
telegram-inline-text = 🎨 «{ $prompt }»
telegram-inline-starting = ⏳ Начинаю
telegram-inline-empty = Напишите, что нарисовать
telegram-buy-which = Сколько кредитов вы хотите? Они не сгорают.
telegram-buy-pack = { $credits ->
        [one] { NUMBER($credits, useGrouping: 0) } кредит
        [few] { NUMBER($credits, useGrouping: 0) } кредита
       *[many] { NUMBER($credits, useGrouping: 0) } кредитов
    } · { NUMBER($stars, useGrouping: 0) } ⭐
telegram-buy-private = Кредиты продаются в личном чате.
telegram-buy-open = Открыть
telegram-buy-title = { $credits ->
        [one] { NUMBER($credits, useGrouping: 0) } кредит
        [few] { NUMBER($credits, useGrouping: 0) } кредита
       *[many] { NUMBER($credits, useGrouping: 0) } кредитов
    }
telegram-buy-about = Кредиты на рисование этим ботом: { NUMBER($credits, useGrouping: 0) }. Они не сгорают.
telegram-buy-wrong = Этого предложения больше нет. Отправьте /buy ещё раз. Ничего не списано.
telegram-buy-paid =
    Спасибо! Добавлено: { $credits ->
        [one] { NUMBER($credits, useGrouping: 0) } кредит
        [few] { NUMBER($credits, useGrouping: 0) } кредита
       *[many] { NUMBER($credits, useGrouping: 0) } кредитов
    }; осталось: { NUMBER($left, useGrouping: 0) }.
    Номер покупки: { $charge }
