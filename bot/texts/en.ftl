# Easel in English: the reference for the other languages.
# Plain text only. What upstreams and members wrote stands in quotation marks.

### Refusals: nothing was spent

error-internal = Something went wrong inside the bot. Nothing was charged. Please try again; if it keeps happening, tell whoever runs this bot.
error-not-deleted = This chat does not let me take that message away. I have forgotten the picture; please delete the message yourself, or ask an administrator.
error-store = The bot’s database isn’t available at the moment. Nothing was charged. Please try again later.
error-store-away = The bot’s database isn’t available at the moment. Nothing was charged; your request waits, and I start on it as soon as I can.
# Stands in for a sentence that could not be built, where it is not known whether anything was charged.
error-text = Something went wrong while I put this into words. Please tell whoever runs this bot.
error-machine = The server I run on is out of room right now. Nothing was charged; your request waits, and I start on it as soon as I can.

refusal-prompt-empty = What should I paint? Write it after the command, like this: /imagine a lighthouse in a storm
refusal-pictures-without-prompt = I have the pictures. What should I do with them? Just write it, for example: make it a rainy night
# Asked while pictures come one by one; the message is edited with each of them.
question-pictures =
    { $count ->
        [one] { NUMBER($count, useGrouping: 0) } picture so far. What should I do with it?
       *[other] { NUMBER($count, useGrouping: 0) } pictures so far. What should I do with them?
    } Just write it, for example: make it a rainy night
question-pictures-full =
    { $count ->
        [one] I have one picture and can take no more at a time; further ones are left out. What should I do with it?
       *[other] I have the first { NUMBER($count, useGrouping: 0) } pictures and can take no more at a time; further ones are left out. What should I do with them?
    } Just write it, for example: make it a rainy night
# Shown in the empty field of an answer; at most 64 characters.
question-example = a lighthouse in a storm
question-example-edit = make it a rainy night
refusal-prompt-too-long = That is { NUMBER($length, useGrouping: 0) } characters, and I can take { NUMBER($limit, useGrouping: 0) }. Please make it shorter.
refusal-text-file-too-long = “{ $name }” is too long. I can take { NUMBER($limit, useGrouping: 0) } characters; please make it shorter.
refusal-text-file-unreadable = “{ $name }” is not text that I can read. Please save it as plain text in UTF-8, or write the words in the chat.
refusal-rest-too-late = This part of your prompt arrived after I had begun to paint, so the picture shows the part before it. To have it all, please send the whole prompt again.
refusal-unknown-option = I don’t know the option “{ $option }”. You can use: { $allowed }
refusal-bad-option = { $option } can’t be “{ $value }”. You can use: { $allowed }
refusal-option-without-value = { $option } needs a value after it. You can use: { $allowed }
# $allowed: names of models, each with its credits for a picture in brackets.
refusal-choose-model = Which model is “{ $value }”? You can choose from: { $allowed }. In brackets: credits for a picture.
refusal-one-model-only = There is only one model here, so there is nothing to choose. Please send it again without --model.
refusal-too-many-pictures =
    { $limit ->
        [0] I can’t take pictures along with a prompt here. Please send the prompt alone.
        [one] That makes { NUMBER($count, useGrouping: 0) } pictures, and I can take one at a time. Please send it again with one, or answer with your words to use the first.
       *[other] That makes { NUMBER($count, useGrouping: 0) } pictures, and I can take { NUMBER($limit, useGrouping: 0) } at a time. Please send it again with fewer, or answer with your words to use the first { NUMBER($limit, useGrouping: 0) }.
    }
refusal-not-a-picture = “{ $name }” is not a picture that I can read. Please send one of these: { $kinds }
refusal-broken-picture = “{ $name }” can’t be opened; it seems to be damaged. Please save it anew and send it again.
refusal-animated-picture = “{ $name }” moves, and I can only work with still pictures. Please send one frame of it.
refusal-moving-sticker = The sticker “{ $name }” moves, and I can only work with still pictures. Please send a still sticker, or a screenshot of this one.
refusal-picture-too-large = “{ $name }” is too large. I can take up to { $limit }; please send a smaller one.
refusal-picture-too-many-pixels = “{ $name }” has too many pixels. I can take up to { NUMBER($megapixels, useGrouping: 0) } megapixels; please send a smaller one.
refusal-picture-too-complex = “{ $name }” is saved in a way that takes too long to open. Please save it anew, as a plain JPEG or PNG, and send it again.
refusal-picture-gone = “{ $name }” is no longer there to fetch. Please send it again.
refusal-mask-without-picture = A mask marks where a picture is to change, and there is no picture. Send both, or reply to the picture.
refusal-mask-not-transparent = “{ $name }” can’t serve as a mask. Please send a PNG file in which the part to change is transparent.
refusal-mask-of-other-size = The mask measures { $mask } and the picture { $picture }. Please send a mask of the picture’s size.
refusal-mask-too-large = The mask is too large. I can take up to { $limit }; please send a simpler one.
refusal-mask-too-many-pictures =
    { $limit ->
        [one] With a mask I can take one picture, and that makes { NUMBER($count, useGrouping: 0) }. Please send the one to change.
       *[other] With a mask I can take { NUMBER($limit, useGrouping: 0) } pictures, and that makes { NUMBER($count, useGrouping: 0) }. Please send fewer.
    }
refusal-nothing-drawn = The two pictures are the same: I find nothing drawn on either. Draw on one of them where something is to change, and send it again. Nothing was charged.
refusal-region-asked = Press Region and paint over what should change. Nothing is spent before you press Paint there.
refusal-region-empty = Nothing is marked yet. Paint over what should change.
refusal-region-everything = All of the picture is marked, so nothing would stay. Leave something unmarked, or reply to the picture with words alone.
refusal-region-too-detailed = That is more painting than I can read. Press Clear and mark it with fewer, larger strokes.
refusal-region-unreadable = I could not read what was painted. Please load the page again.
refusal-region-of-other-picture = The picture is not the one that you painted on. Please press Region again.
refusal-region-unavailable = Painting a region by hand is not set up here: my operator has to give me a public web address.
refusal-region-link-unknown = This link does not lead anywhere. Please press Region again.
refusal-region-link-expired = This link has expired; it works for 15 minutes. Please press Region again.
refusal-region-link-used = This link was used already; it works once. Press Region again to paint another one.
refusal-region-of-other-user = This link was made for somebody else. Press Region yourself to get your own.
refusal-reply-gone = The message you replied to has been deleted. Please send the picture again with your words.
refusal-nothing-to-edit = There is no picture to change. Reply to one, or send one together with your words.
refusal-nothing-to-extend = The picture has this shape already: there is nothing to add around it.
refusal-reply-has-no-picture = The message you replied to has no picture. Reply to one that has, or send your words as a new message.
refusal-still-painting = That picture is not finished yet. Reply to it once it is.
refusal-out-of-credits =
    { $cost ->
        [one] This costs { NUMBER($cost, useGrouping: 0) } credit
       *[other] This costs { NUMBER($cost, useGrouping: 0) } credits
    }, and you have { NUMBER($left, useGrouping: 0) } left. { $refill ->
        [one] New credits come within the hour.
       *[other] New credits come in { NUMBER($refill, useGrouping: 0) } hours.
    }
refusal-chat-out-of-credits =
    { $cost ->
        [one] This costs { NUMBER($cost, useGrouping: 0) } credit
       *[other] This costs { NUMBER($cost, useGrouping: 0) } credits
    }, and this group has { NUMBER($left, useGrouping: 0) } left. { $refill ->
        [one] New credits come within the hour.
       *[other] New credits come in { NUMBER($refill, useGrouping: 0) } hours.
    }
# $cheaper: options with credits in brackets, such as --quality low (4).
refusal-too-dear = { refusal-out-of-credits } It would be enough for: { $cheaper }. In brackets: what the request costs then.
refusal-chat-too-dear = { refusal-chat-out-of-credits } It would be enough for: { $cheaper }. In brackets: what the request costs then.
refusal-too-many-waiting =
    { $limit ->
        [0] You have as many pictures under way as you may. Please wait for one, or stop them with /cancel.
        [one] You already have a picture waiting in line. Please wait for it, or stop it with /cancel.
       *[other] You already have { NUMBER($limit, useGrouping: 0) } pictures waiting in line. Please wait for one, or stop them with /cancel.
    }
refusal-banned = You can’t use this bot any more. If that seems wrong, ask an admin.
refusal-paused = Too many of your requests were refused by moderation within a day, so I paint nothing for you { $hours ->
        [one] for another hour
       *[other] for another { NUMBER($hours, useGrouping: 0) } hours
    }, until { $until }. Nothing was charged. If that seems wrong, ask an admin: they can end the pause.
refusal-chat-banned = This chat can’t use the bot. If that seems wrong, ask whoever runs it.
refusal-closed = This bot is only for people its owner has invited.
refusal-forbidden-word = That can’t be painted here. Please try other words.
refusal-flagged-prompt = I can’t paint this: the words were taken for { $category ->
        [harassment] harassment
        [hate] hatred
        [illicit] something illegal
        [self-harm] self-harm
        [sexual] sexual content
        [sexual-minors] sexual content with minors
        [violence] violence
       *[other] something that is not allowed here
    }. Nothing was charged. Please put it differently, by editing your message or in a reply to this one.
refusal-flagged-picture = I can’t paint this: picture { NUMBER($number, useGrouping: 0) } was taken for { $category ->
        [harassment] harassment
        [hate] hatred
        [illicit] something illegal
        [self-harm] self-harm
        [sexual] sexual content
        [sexual-minors] sexual content with minors
        [violence] violence
       *[other] something that is not allowed here
    }. Nothing was charged. Please send another one.
refusal-too-fast =
    That was a lot at once. I listen again in { $seconds ->
        [one] { NUMBER($seconds, useGrouping: 0) } second
       *[other] { NUMBER($seconds, useGrouping: 0) } seconds
    }.
refusal-not-yours = Only the person who asked for this picture can do that.
refusal-parent-deleted = That picture was deleted.
refusal-parent-forgotten = That picture was forgotten, as its owner wished.
refusal-parent-elsewhere = That picture stands in another chat.
refusal-parent-expired = That picture is no longer kept.
refusal-nothing-before = This picture was painted from words alone: nothing comes before it.
refusal-nothing-to-delete = Reply with /delete to the picture of mine that is to go.
refusal-not-an-administrator = This was asked for in the chat’s name: only the chat’s administrators can do that.
refusal-role-unknown = I can’t find out right now whether you are an administrator of this chat. Nothing has happened; please try again in a moment.
refusal-already-finished = This one is finished already.
refusal-forgotten = Easel no longer knows this one. Type your wish anew.
refusal-pictures-forbidden = I may send neither photos nor files in this chat, so I can’t paint here. Nothing was charged. An administrator can allow it.
# Said in a private chat, or to the one who pressed a button.
refusal-writing-forbidden = I may not write where you asked, so I can’t paint there. Nothing was charged. An administrator can allow it.
refusal-restarting = The bot is about to restart and takes no new requests. Nothing was charged; please send it again in a few minutes.
refusal-admins-only = That command is for the admins of this bot.
refusal-admin-page-off = The admin page is off. The setting admin_page.enabled turns it on.
refusal-admin-link-in-group = A link to the admin page signs in whoever opens it, so I give it only in a private chat. Write /admin link to me there.
refusal-unknown-command = I don’t know “{ $command }”. /help shows what I understand.
refusal-bad-arguments = I didn’t understand that. Write it like this: { $usage }
refusal-unknown-charge = I know no purchase “{ $charge }”. The number stands on the receipt.
refusal-unknown-provider = I know no provider “{ $name }”. { $nearest ->
        [none] {""}
       *[other] Did you mean { $nearest }?
    } There are: { $all }.
refusal-unknown-member = I know nobody with the key “{ $user }”. { $nearest ->
        [none] Nobody’s key is like it.
       *[other] The nearest is { $nearest }.
    }
refusal-unknown-job = There is no job “{ $id }”. { $nearest ->
        [none] No job’s id is like it.
       *[other] The nearest is { $nearest }.
    }
bot-paused = I am taking a break: an admin has paused me for now. Nothing was charged. What was asked for before is still being painted.
# $words: an admin’s own.
bot-paused-in-words = { $words }
providers-paused = The picture service that can do this is paused for now by an admin. Nothing was charged; please try again later.
refusal-unsupported = None of the picture services here can do that: { $what }. Please try it without, or with something else.
refusal-unsupported-by-model = { $model } can’t do that: { $what }. These models can: { $models }.

### Failures: the reservation was released

failed-unknown = The picture service failed. Nothing was charged. You can try again.
failed-unreachable = The picture service can’t be reached. Nothing was charged. Please try again in a few minutes.
failed-busy = The picture service is too busy at the moment. Nothing was charged. Please try again in a few minutes.
failed-down = The picture service is down at the moment. Nothing was charged. Please try again later.
failed-no-answer = The picture service didn’t answer in time. Nothing was charged. Please try again.
failed-credentials = The picture service doesn’t accept this bot’s key. Nothing was charged. Please tell whoever runs this bot.
failed-blocked = The picture service has blocked this bot’s account. Nothing was charged. Please tell whoever runs this bot.
failed-no-turn =
    It wasn’t this picture’s turn within { $minutes ->
        [one] { NUMBER($minutes, useGrouping: 0) } minute
       *[other] { NUMBER($minutes, useGrouping: 0) } minutes
    }, since so many are being painted. Nothing was charged. Please try again later.
failed-model = The picture service doesn’t have the model that this bot asks for. Nothing was charged. Please choose another model if there is one, and tell whoever runs this bot.
failed-endpoint = The picture service isn’t where this bot looks for it. Nothing was charged. Please tell whoever runs this bot.
failed-funds = This bot’s own balance at the picture service is used up. Nothing was charged. Please tell whoever runs this bot.
failed-rejected = The picture service can’t do this: “{ $quote }”. Nothing was charged. Please change the request and try again.
failed-too-large = The request is too large for the picture service, even with the pictures scaled down. Nothing was charged. Please send smaller or fewer pictures.
failed-text-too-large = The request is too large for the picture service. Nothing was charged. Please use fewer words.
failed-moderated = The picture service’s content rules don’t allow this picture. Nothing was charged. Please try other words or another picture.
# Behind the words about the refusal that began a pause. $until: date and time, UTC.
ended-paused = That was one refusal too many within a day: I paint nothing for you { $hours ->
        [one] for an hour
       *[other] for { NUMBER($hours, useGrouping: 0) } hours
    }, until { $until }. If that seems wrong, ask an admin: they can end the pause.
failed-unmoderated = What is painted here is checked first, and the check doesn’t answer at the moment. Nothing was charged. Please try again in a few minutes.
failed-declined = The picture service answered in words: “{ $quote }”. Nothing was charged. Please put it differently.
failed-no-picture = The picture service answered without a picture. Nothing was charged. You can try again.
failed-said = The picture service reports a failure: “{ $quote }”. Nothing was charged. You can try again.
failed-called-off = The picture service cancelled this one before it was finished. Nothing was charged. You can try again.
failed-bad-result = What came back was not a picture that can be opened. Nothing was charged. You can try again.
failed-lost = The picture service took the request, and then contact was lost. Nothing was charged. You can try again.
failed-cut-short = The connection to the picture service broke off halfway. Nothing was charged. You can try again.
failed-went-quiet =
    The picture service fell silent for { $seconds ->
        [one] { NUMBER($seconds, useGrouping: 0) } second
       *[other] { NUMBER($seconds, useGrouping: 0) } seconds
    }. Nothing was charged. You can try again.
failed-too-long =
    The picture wasn’t finished within { $seconds ->
        [one] { NUMBER($seconds, useGrouping: 0) } second
       *[other] { NUMBER($seconds, useGrouping: 0) } seconds
    }. Nothing was charged. You can try again.
failed-restarted = The bot was restarted halfway through. Nothing was charged. You can try again.
failed-unfetched = The picture was painted, but it could not be fetched. Nothing was charged. You can try again.
failed-undelivered = The picture was painted, but this chat did not take it. Nothing was charged. Where I may send neither photos nor files, an administrator can allow it.
failed-unreadable = What was written down about this picture can’t be read any more. Nothing was charged. You can try again.

### Buttons, and what a press is answered

button-cancel = Cancel
button-retry = Retry
button-vary = Vary
button-edit = Edit
button-delete = Delete
button-model = Any model
button-reframe = Reframe…
button-zoom-15 = Zoom out ×1.5
button-zoom-2 = Zoom out ×2
button-pan-left = Pan ←
button-pan-right = Pan →
button-pan-up = Pan ↑
button-pan-down = Pan ↓
button-shape-1-1 = 1:1
button-shape-3-2 = 3:2
button-shape-2-3 = 2:3
button-shape-16-9 = 16:9
button-shape-9-16 = 9:16
button-cutout = Cut out
button-upscale-2k = Paint again at 2K
button-upscale-4k = Paint again at 4K
button-undo = Undo
button-compare = Compare
button-tree = Tree
# Leads up to the message of a step; its number follows.
button-step = ↑
button-details = Details
button-again = Paint again
button-copy = Copy
button-original = From the original
button-more = More…
button-back = Back
button-answer = Answer
button-region = Region
region-open = Open the page
region-how = Paint over what should change. The link is for you alone and works once, for 15 minutes.
region-accepted = It is being painted; the picture appears in the chat. You can close this page.
region-page-title = Paint over what should change
region-page-picture = The picture
region-page-stage = Picture to paint over. Arrow keys move a cell, Enter marks it or takes the mark away.
region-page-tools = Tools
region-page-brush = Brush (B)
region-page-eraser = Eraser (E)
region-page-rectangle = Rectangle (R)
region-page-pan = Move the picture (H, or hold Space)
region-page-size = Brush size ([ and ])
region-page-undo = Undo (Ctrl+Z)
region-page-redo = Redo (Ctrl+Y)
region-page-clear = Clear
region-page-invert = Invert (I)
region-page-in = Zoom in (+)
region-page-out = Zoom out (-)
region-page-fit = Whole picture (0)
region-page-marked = [percent] % marked
region-page-nothing = Nothing marked
region-page-cell-marked = Row [row], column [column]: marked
region-page-cell-free = Row [row], column [column]: not marked
region-page-prompt = What should be there?
region-page-paint = Paint
region-page-loading = Loading the picture …
region-page-sending = Sending …
region-page-offline = There is no connection. Please try again; nothing is painted twice.
region-page-picture-failed = Your browser cannot show this picture.
# Above the buttons of the menu behind “More…”, where it is a message of its own.
menu-title = What shall I do with this picture?
# Posted again by the button Undo: the picture that a result was made from.
undo-caption = Back to “{ $prompt }”
undo-photo = Your picture, as it came.
# Above two pictures side by side.
compare-caption = Before and after “{ $prompt }”
# Above the list of pictures that lead to a result; each line has a number, a wish and a link.
tree-title = How this picture came about:
tree-photo = your own picture
tree-line = “{ $prompt }”
# Where the list has more lines than fit; and a reply to the message of a step.
tree-more = … { NUMBER($count, useGrouping: 0) } { $count ->
        [one] step
       *[other] steps
    } more in between
tree-here = Here: { $step }
tree-gone = { $reason ->
    [deleted] (deleted)
    [forgotten] (forgotten)
    [elsewhere] (in another chat)
   *[expired] (no longer kept)
}
details-options = Options: { $options }
details-model = Painted by { $model }, through { $provider }
details-cost = { NUMBER($seconds, useGrouping: 0) } s · { $credits ->
        [one] { NUMBER($credits, useGrouping: 0) } credit
       *[other] { NUMBER($credits, useGrouping: 0) } credits
    }
details-root = Painted from words alone.
details-branch = { $edits ->
    [0] A variation
    [one] The first edit
   *[other] Edit { NUMBER($edits, useGrouping: 0) }
} of { $has_began ->
    [0] a picture that was sent in.
   *[other] “{ $began }”.
}
answer-edit-how = Reply to the picture with what to change.
answer-edit-next = Now write what to change.
press-too-late = Too late to stop it: the picture is on its way.
press-again = That is under way already.
# Goes to the picture service, in a paragraph of its own behind the prompt: the first picture sent along is the result
# that a member wants varied.
prompt-vary = Make a variation of the first picture: keep its subject and mood, change composition and details.
# What upstreams are told where the canvas of a picture has grown, or where it is painted again as it is.
prompt-extend = The picture stands on a larger canvas. Paint only what is new around it, so that its scene goes on there without a seam, in the same style and light. Leave the picture itself exactly as it is, and add no frame.
prompt-cutout = Cut out what the picture shows: the same subject, unchanged in every detail, on a wholly transparent background.
prompt-upscale = Paint the same picture again in a higher resolution: the same composition, colours and details, only sharper and finer. Change and add nothing.
# $prompt are the words that the picture came from.
prompt-about = About the picture: { $prompt }

### Ends of a job

done-caption = “{ $prompt }” · { NUMBER($seconds, useGrouping: 0) } s · { $credits ->
        [one] { NUMBER($credits, useGrouping: 0) } credit
       *[other] { NUMBER($credits, useGrouping: 0) } credits
    }
done-partly = “{ $prompt }” · { NUMBER($got, useGrouping: 0) } of { NUMBER($asked, useGrouping: 0) } pictures came · { NUMBER($seconds, useGrouping: 0) } s · { $credits ->
        [one] { NUMBER($credits, useGrouping: 0) } credit
       *[other] { NUMBER($credits, useGrouping: 0) } credits
    } charged
# Below `done-partly`: why the others are missing. The names are those of the failures.
done-missing = { $reason ->
    [failed-moderated] The picture service’s content rules did not allow the others.
    [failed-rejected] The picture service refused the others.
    [failed-busy] The picture service was too busy for the others.
   *[other] The picture service failed at the others.
}
# Below a picture whose canvas has grown.
done-scaled = The picture was made smaller to fit into its larger frame; within it nothing else has changed.
# Below a picture that was edited with a mask, where the original could not be put back outside it.
done-moved = { $count ->
    [one] Outside the mask the picture could not be put back as it was: it is shown as painted.
   *[other] In { NUMBER($count, useGrouping: 0) } of them the picture outside the mask could not be put back as it was: those are shown as painted.
}
# Below a picture, where a copy of the one before was sent back that differs in what is no marks.
done-unread = I found no pen marks on the picture that you sent back, so it counted as a second picture. A plain pen in one color is found best.
# Below a picture that was edited more than three times in a row.
done-wears = Each edit wears a picture out a little, and this one has had several. From the original, behind More…, paints all of them at once.
# Below a picture, where the model that was chosen before is no longer offered.
done-replaced-model = { $model }, which you chose, is no longer offered; another model painted this. /model shows which there are.
cancelled = Cancelled. Nothing was charged.
# Stands in the place of a result that was taken away, where nobody can delete its message.
deleted = Deleted.
# Said in a new message under a picture that took more than two minutes, after the owner's name.
done-call = your picture is ready.
ended-call = this one has come to an end.
state-waiting = waiting
state-running = painting
state-done = done
state-failed = failed
state-deleted = deleted
state-cancelled = cancelled

### Answers to commands

answer-start =
    Hello! Tell me what to paint, or send me a photo and say what to change.
    For example: a lighthouse in a storm, oil on canvas
    /help shows the rest.
help-imagine = /imagine a lighthouse in a storm: paints a new picture. Add photos to start from.
help-edit = /edit make it night: changes the picture that you reply to or send along.
help-quota = /quota: the credits you have left
help-history = /history: your last pictures
help-cancel = /cancel: stops what you have running and waiting
help-delete = /delete, as a reply: takes a picture of yours away
help-tips =
    In a direct chat just write, with photos or without. To change a result, reply to it.
    To show where: draw on a picture, and reply to it with the marked copy: “red circle: a hat”.
    Options, anywhere in the prompt: --size 3:2, --quality high, --n 2
# Follows the tips where there are several models; $models is a list of the line below.
help-models = --model NAME chooses the model, /model NAME keeps one for you: { $models }
# A value of an option with its price: a number, or two where it depends on what is left open (1–16); $credits: the last of
# them.
option-credits = { $price } { $credits ->
        [one] credit
       *[other] credits
    }
option-price = { $option } ({ $price } { $credits ->
        [one] credit
       *[other] credits
    })
help-qualities = --quality NAME chooses the quality: { $choices }
help-sizes = --size NAME chooses the resolution: { $choices }
help-price = A picture costs { $price } { $credits ->
        [one] credit.
       *[other] credits.
    }
# Answers to /model.
answer-model-kept = Your pictures are painted by { $model } from now on, unless you name another with --model.
answer-model-auto = You keep no model: I choose one for each picture.
answer-model-how = Press one to keep it, or say /model NAME; /model auto lets me choose again.
answer-quota =
    { $left ->
        [one] { NUMBER($left, useGrouping: 0) } credit left today.
       *[other] { NUMBER($left, useGrouping: 0) } credits left today.
    }
    Held for unfinished pictures: { NUMBER($held, useGrouping: 0) }
    Running or waiting: { NUMBER($running, useGrouping: 0) }
    Each day: { NUMBER($daily, useGrouping: 0) }; next refill { $refill ->
        [one] within the hour
       *[other] in { NUMBER($refill, useGrouping: 0) } hours
    }
answer-history-empty = Nothing here yet. Your first picture: /imagine a lighthouse in a storm
answer-history-line = { NUMBER($number, useGrouping: 0) }. { $time } · { $state } · “{ $prompt }”
answer-cancelled =
    { $count ->
        [one] Stopped { NUMBER($count, useGrouping: 0) } picture. Nothing was charged.
       *[other] Stopped { NUMBER($count, useGrouping: 0) } pictures. Nothing was charged.
    }
answer-deleted =
    Deleted. { $credits ->
        [0] Nothing was charged for it.
        [one] The { NUMBER($credits, useGrouping: 0) } credit that it cost stays charged.
       *[other] The { NUMBER($credits, useGrouping: 0) } credits that it cost stay charged.
    }
answer-privacy =
    What I keep: your name here, your words and options, the model you keep, where your pictures stand in the chat, and when each was painted. Pictures themselves only until they are delivered; uploads that the chat won’t show me again and pictures whose address you wrote, at most a month.
    { $days ->
        [0] Finished jobs are kept until you say /forget.
        [one] Finished jobs are forgotten after { NUMBER($days, useGrouping: 0) } day.
       *[other] Finished jobs are forgotten after { NUMBER($days, useGrouping: 0) } days.
    }
    Credits are kept as numbers, without what they were for. What you ask me to paint goes to the picture service, and where the bot’s owner wants it checked first, to a content check, without your name; some services get a code in its place. When moderation refuses a request, that is noted for a day.
    /forget deletes all but those numbers and notes.
answer-forgotten =
    { $count ->
        [0] There was nothing left to forget.
        [one] Forgotten: { NUMBER($count, useGrouping: 0) } job with its words and pictures. Messages in the chat are yours to delete.
       *[other] Forgotten: { NUMBER($count, useGrouping: 0) } jobs with their words and pictures. Messages in the chat are yours to delete.
    }
# Follows the answer above when a picture was on its way into the chat.
forget-again = One picture is just being delivered. Say /forget once more when it stands there.
answer-nothing-to-cancel = You have nothing running or waiting.
answer-granted =
    { $credits ->
        [one] Gave { $user } { NUMBER($credits, useGrouping: 0) } credit.
       *[other] Gave { $user } { NUMBER($credits, useGrouping: 0) } credits.
    } Left now: { NUMBER($left, useGrouping: 0) }
answer-set = { $user } has { NUMBER($left, useGrouping: 0) } { $left ->
        [one] credit
       *[other] credits
    } now.
answer-banned = { $user } can’t use the bot any more. To undo: /admin unban { $user }
answer-unbanned = { $user } can use the bot again.
answer-bot-paused = I am paused: new requests are refused, and what was accepted before is still painted. Admins’ own requests pass, so that you can try. To go on: /admin resume
answer-bot-resumed = I take requests again.
answer-provider-paused = { $name } begins no new picture; those under way go on. To go on: /admin resume { $name }
answer-provider-resumed = { $name } is asked again.
answer-member = Credits left: { NUMBER($left, useGrouping: 0) } · held: { NUMBER($held, useGrouping: 0) } · a day: { NUMBER($daily, useGrouping: 0) }
answer-member-today = Today (UTC): done { NUMBER($done, useGrouping: 0) } · failed { NUMBER($failed, useGrouping: 0) } · cancelled { NUMBER($cancelled, useGrouping: 0) } · refused by moderation { NUMBER($refused, useGrouping: 0) }
answer-member-banned = Banned. To undo: /admin unban { $user }
answer-unpaused = { $user } is in no pause any more, and earlier refusals are forgotten.
answer-refunded =
    { $credits ->
        [one] Refunded the purchase of { NUMBER($credits, useGrouping: 0) } credit
       *[other] Refunded the purchase of { NUMBER($credits, useGrouping: 0) } credits
    } to { $user }. Left now: { NUMBER($left, useGrouping: 0) }
# The link signs in whoever opens it.
answer-admin-link =
    This link signs you in to the admin page, once, within ten minutes:
    { $link }
    Pass it on to nobody.
answer-admin-link-local =
    This link signs you in to the admin page, once, within ten minutes, on the computer where I run:
    { $link }
    Pass it on to nobody.
answer-stats =
    Today (UTC): { NUMBER($users, useGrouping: 0) } { $users ->
        [one] person
       *[other] people
    } asked.
    Waiting: { NUMBER($waiting, useGrouping: 0) } · painting: { NUMBER($running, useGrouping: 0) }
    Done: { NUMBER($done, useGrouping: 0) } · failed: { NUMBER($failed, useGrouping: 0) } · cancelled: { NUMBER($cancelled, useGrouping: 0) }
    Credits charged: { NUMBER($charged, useGrouping: 0) }
answer-stats-chart = Chart: pictures, failed jobs and credits on each of the last { NUMBER($days, useGrouping: 0) } days
answer-stats-spent = Taken by the picture services, in their own credits: { NUMBER($spent, useGrouping: 0) }
answer-stats-refused = Refused by moderation within a day: { NUMBER($count, useGrouping: 0) }
answer-stats-paused = Paused: { $user }, for another { NUMBER($hours, useGrouping: 0) } { $hours ->
        [one] hour
       *[other] hours
    } ({ NUMBER($count, useGrouping: 0) } { $count ->
        [one] refusal
       *[other] refusals
    }). To end it: /admin unpause { $user }
answer-stats-strikes = Refused within a day: { $user }, { NUMBER($count, useGrouping: 0) } { $count ->
        [one] time
       *[other] times
    }

### Command completion: one line each

hint-imagine = Paint a new picture
hint-edit = Change a picture: reply to it, or send it along
hint-quota = How many credits you have left
hint-history = Your last pictures
hint-cancel = Stop what you have running and waiting
hint-delete = Take away the picture you reply to
hint-model = Keep a model for your pictures, or see which there are
hint-help = What I understand, with examples
hint-privacy = What is kept about you
hint-forget = Delete your prompts, history and pictures
hint-start = Say hello
hint-buy = Buy credits
hint-admin = For admins: grant, set, ban, unban, unpause, stats

### Notices for the bot's administrators: what needs a person, and that it is over

# $subject: name of a provider, or of a platform. $detail: a clause in English, from the log.
notice-provider-refuses = Provider { $subject } does not accept Easel’s key. Please check it. ({ $detail })
notice-provider-refuses-over = Provider { $subject } accepts Easel’s key again.
notice-provider-blocks = Provider { $subject } has blocked the account. Please ask its support, or use another key. ({ $detail })
notice-provider-blocks-over = Provider { $subject } no longer blocks the account.
notice-provider-funds = The balance at provider { $subject } is used up. Please top it up. ({ $detail })
notice-provider-funds-over = Provider { $subject } paints again: there is money on the account.
notice-provider-settings = Provider { $subject } does not know the address or the model that is set. Please correct the settings. ({ $detail })
notice-provider-settings-over = Provider { $subject } paints again with the settings as they are.
notice-provider-down = Provider { $subject } has been failing for minutes. ({ $detail })
notice-provider-down-over = Provider { $subject } paints again.
notice-platform-refuses = Easel is not let in at { $subject }: { $detail }
notice-platform-refuses-over = Easel is connected to { $subject } again.
notice-platform-away = Easel has had no connection to { $subject } for minutes: { $detail }
notice-platform-away-over = Easel is connected to { $subject } again.
notice-database = The database takes no writes: { $detail }
notice-database-over = The database takes writes again.
notice-disk = The disk of { $subject } is nearly full: { $detail }. When it is full, requests are refused.
notice-disk-over = The disk of { $subject } has room again.
notice-backup = The database could not be backed up: { $detail }
notice-backup-over = The database is backed up again.
notice-set-aside = What could not be read was set aside: { $detail }
notice-new-errors = Errors that nobody expected, of a new kind: { $detail }. “easel errors” lists them with their jobs.

### The playground page

page-members = Speak as
page-chats = Chats
page-chat-group = Studio
page-chat-group-kind = Everyone
page-chat-group-note = Easel answers when it is mentioned or replied to.
page-chat-direct = Easel
page-chat-direct-kind = Private
page-chat-direct-note = Just you and Easel. Everything you write here is a wish.
page-unread = New messages
page-credits = Credits left today
page-credits-back = New ones at
page-credits-held = on hold
# Before the credits that a picture costs.
page-price = a picture:
page-demo = Demo: pictures are stand-ins
page-demo-title = From the demo to real pictures
page-demo-intro = This page runs the whole of Easel, but its pictures come from a stand-in that paints landscapes and shows what it received. Three steps to a real one:
page-demo-step-key = Put a provider and its key into a file named easel.toml. deploy/PROVIDERS.md lists the presets.
page-demo-step-bot = Add the token of your Discord or Telegram bot, or go on with this page.
page-demo-step-run = Stop the demo with Ctrl+C, then let Easel check the settings and run.
page-copy = Copy
page-copied = Copied
page-deleted = Deleted.
page-undo = Undo
page-show = Show
page-newest = To the newest messages
page-gallery = Gallery
page-gallery-search = Search prompts
page-gallery-members = Whose pictures
page-gallery-all = Everyone
page-gallery-empty = No pictures yet. What Easel paints in this chat will hang here.
page-gallery-nothing = No picture here matches.
page-gallery-count = Pictures shown:
page-skip = Skip to the message field
page-shortcuts = Keyboard shortcuts
page-key-line = Start a new line
page-key-complete = Take the suggestion
page-key-timeline = To the newest message, from an empty field
page-key-walk = Walk through the messages
page-key-inside = Walk through what a message offers
page-key-open = Open the picture
page-key-edit = Change the picture
page-key-back = Back to the message field
page-key-pictures = Viewer and gallery
page-key-turn = Walk through the pictures
page-key-lead = From the gallery to the message
page-language = Language
page-theme-dark = Switch to the dark theme
page-theme-light = Switch to the light theme
page-menu-open = Open the menu
page-menu-close = Close the menu
page-timeline = Messages
page-new-messages = New messages
page-you = you
page-bot = bot
page-edited = edited
page-reply = Reply
page-delete = Delete
page-reply-gone = Deleted message
page-replying-to = Reply to
page-reply-cancel = Stop replying
page-picture = Picture
page-picture-of = Picture [n] of [count]
page-region = Paint a region
page-compare = Compare
page-compare-with = Compare with
page-compare-line = Line between the two pictures
page-compare-before = Before
page-compare-after = After
page-progress = How far the picture is
page-composer = Message
page-composer-group = @easel a fox in the snow …
page-composer-direct = What shall I paint?
page-composer-edit = What should change?
page-hint-keys = Enter sends, Shift + Enter starts a new line
page-mention-hint = Easel won’t hear this. Add
page-mention-add = Add @easel, so that Easel hears this
page-mention-option = Ask Easel to paint
page-options = Options
page-option-size = Shape
page-option-tier = Resolution
page-option-quality = Quality
page-option-n = Pictures
page-option-model = Model
page-option-background = Background
page-option-format = File format
page-option-auto = Auto
page-option-unavailable = Not with the other options
page-commands = Suggestions
page-send = Send
page-attach = Add pictures
page-attachment-remove = Remove
page-drop = Drop pictures anywhere
page-uploading = Uploading
page-upload-failed = The upload did not go through. It is tried again once there is a connection.
page-upload-retry = Try again
page-attachment-place = Picture [n] of [count]: [name]
page-attachment-move = Drag to change the order, or use the arrow keys
page-file-too-large = This file is too large
page-too-many-files = That is more than fits in one message
page-wait-for-upload = One moment: a file is still on its way.
page-remove-failed-file = One file did not arrive. Remove it, then send.
page-characters-left = characters left
page-text-too-long = This text is too long for one message.
page-sending = Sending …
page-not-sent = This message was not sent.
page-send-again = Send again
page-discard = Discard
page-connecting = Connecting …
page-reconnecting = Connection lost. Reconnecting …
page-not-connected = Not connected. Please try again in a moment.
page-dismiss = Dismiss
page-lightbox = Picture viewer
page-download = Download
page-close = Close
page-previous = Previous picture
page-next = Next picture
page-empty-title = A blank canvas
page-empty-group = Mention @easel and say what you would like to see. One message fills up while it paints, then becomes the picture.
page-empty-direct = Say what you would like to see. One message fills up while it paints, then becomes the picture.
page-example-1-how = Paint something new
page-example-1 = a lighthouse in a storm, oil on canvas
page-example-2-how = Drop a photo and type
page-example-2 = make it anime, with a hat
page-example-3-how = Choose a shape
page-example-3 = paper boats on a quiet canal --size 3:2
page-error-frame = This page could not make itself understood. Nothing has happened. Please reload it and try again.
page-error-foreign = This address answers only to its own page, opened on this computer:

### Status message

stage-waiting = ⏳ Waiting in line
page-stage-waiting = { stage-waiting }
stage-preparing = 📥 Getting ready
stage-sending = 📨 Sending your request
stage-retrying = 🔁 That did not work, trying again
stage-queued = 🕒 Accepted, waiting for a free painter
stage-painting = 🎨 Painting
stage-saving = 🖼️ Painted, fetching the result
# $bar is drawn with twelve symbols; $percent is from 0 to 100.
status-progress = { $bar } { $percent }%
# $ahead: how many requests come before this one.
status-place = { $ahead ->
    [0] you are next
    [one] { $ahead } request ahead of you
   *[other] { $ahead } requests ahead of you
}
# $count is always more than one.
status-got = { $got } of { $count } pictures ready
status-restarts-after = the bot restarts once this is finished
status-restarts-before = the bot restarts, then this goes on
status-seconds = { $seconds } s
status-minutes = { $minutes } min { $seconds } s
# $time is one of the two durations above.
status-left = about { $time } left

### Discord
# Names of commands: lower case, no spaces, at most 32 characters.

discord-name-imagine = imagine
discord-name-edit = edit
discord-name-quota = quota
discord-name-history = history
discord-name-cancel = cancel
discord-name-model = model
discord-name-help = help
discord-name-privacy = privacy
discord-name-forget = forget
discord-name-admin = admin
discord-name-grant = grant
discord-name-set = set
discord-name-ban = ban
discord-name-unban = unban
discord-name-unpause = unpause
discord-name-stats = stats
discord-name-link = link
discord-name-user = user
discord-name-job = job
discord-name-pause = pause
discord-name-resume = resume
# One line each, at most 100 characters.
discord-hint-grant = Give somebody credits that do not expire
discord-hint-set = Leave somebody exactly so many credits today
discord-hint-ban = Let somebody paint no more
discord-hint-unban = Let somebody paint again
discord-hint-unpause = End the pause of somebody whom moderation refused
discord-hint-stats = What happened today
discord-hint-link = A link to the admin page, in a private chat
discord-hint-user = A member’s credits, refusals and latest jobs
discord-hint-job = Every step of a job with its time
discord-hint-pause = Pause a provider, or the bot with words for members
discord-hint-resume = End a pause
discord-option-prompt = What to paint, or what to change
discord-option-image = A picture to start from
discord-option-more = One more picture
discord-option-mask = A picture that marks where to change something
discord-option-size = The shape or size of the picture
discord-option-quality = How carefully to paint
discord-option-model = Which model paints, and what a picture costs with it
discord-option-model-name = Which model paints from now on; leave it out to see them all, “auto” keeps none
discord-option-n = How many pictures
discord-option-user = A member, or platform:id
discord-option-credits = How many credits
discord-option-job = The job’s id
discord-option-target = A provider’s name, or bot
discord-option-provider = A provider’s name; empty for the bot
discord-option-words = What members are told meanwhile
# The entry in a message’s menu, at most 32 characters.
discord-menu-delete = Delete picture
discord-menu-edit = Edit image
# At most 45 characters each.
discord-form-title = Change this picture
discord-form-prompt = What should change?
discord-form-pictures = More pictures to use
discord-form-example = make it a rainy night
discord-answer-title = Your answer
discord-answer-prompt = What to paint, or what to change
discord-command-changed = This command has changed since your Discord loaded it. Please type it once more; if it looks as before, restart Discord.
discord-hidden = I can’t see what you mean there. Mention me in your message; for a picture somebody else posted, open its menu and choose Apps → { $menu }.
# $missing is a list of Discord’s own names of permissions.
discord-no-permission = I can’t work in this channel: { $missing } is missing. Please ask whoever runs this server.
discord-moved = It took longer than Discord lets me answer where you asked, so it comes here.
discord-owed = Your last picture took longer than Discord lets me answer, and I could not reach you. Nothing was charged.
note-moderated = This chat’s moderation does not let my words through.
note-shrunk = Made smaller to fit what this chat takes.

### Telegram

# Where the bot is not in the chat; $bot is its @name.
telegram-edit-guest = Reply to the picture, name { $bot }, and say what to change.
telegram-edit-elsewhere = Send the picture to { $bot } and say what to change.
telegram-inline-title = Paint this
telegram-inline-text = 🎨 “{ $prompt }”
telegram-inline-starting = ⏳ Starting
telegram-inline-empty = Type what to paint
# Buying credits with Telegram’s own currency, the Stars; $stars is a price.
telegram-buy-which = How many credits would you like? They do not expire.
telegram-buy-pack = { $credits ->
        [one] { NUMBER($credits, useGrouping: 0) } credit
       *[other] { NUMBER($credits, useGrouping: 0) } credits
    } · { NUMBER($stars, useGrouping: 0) } ⭐
telegram-buy-private = Credits are sold in a private chat.
telegram-buy-open = Open it
# At most 32 characters.
telegram-buy-title = { $credits ->
        [one] { NUMBER($credits, useGrouping: 0) } credit
       *[other] { NUMBER($credits, useGrouping: 0) } credits
    }
telegram-buy-about = Credits for painting with this bot: { NUMBER($credits, useGrouping: 0) }. They do not expire.
telegram-buy-wrong = This offer is no longer there. Please ask for /buy again. Nothing was charged.
telegram-buy-paid =
    Thank you! Added { $credits ->
        [one] { NUMBER($credits, useGrouping: 0) } credit
       *[other] { NUMBER($credits, useGrouping: 0) } credits
    }; left now: { NUMBER($left, useGrouping: 0) }.
    Number of this purchase: { $charge }
