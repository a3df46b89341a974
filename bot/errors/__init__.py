"""All failures that a user can meet, as one tree. A class names its Fluent message; the texts hold the sentences.

Nothing here formats a sentence, and no other module defines a failure of its own.

    EaselError                      key: id of the message; facts: its variables
    ├── Refusal                     an invalid request; nothing reserved, or the reservation released
    │   ├── PromptEmpty  PicturesWithoutPrompt  TextFileUnreadable  RestTooLate  PromptTooLong
    │   │   └── TextFileTooLong
    │   ├── OneModelOnly  UnknownOption  BadOption
    │   │   └── OptionWithoutValue  ChooseModel
    │   ├── TooManyPictures  NotAPicture  BrokenPicture  PictureGone  AnimatedPicture
    │   │   └── MovingSticker
    │   ├── PictureTooLarge  PictureTooManyPixels  PictureTooComplex
    │   ├── MaskWithoutPicture  MaskNotTransparent  MaskOfOtherSize  MaskTooLarge  MaskTooManyPictures
    │   ├── NothingDrawn
    │   ├── NothingMarked  EverythingMarked  RegionTooDetailed  RegionUnreadable  RegionOfOtherPicture
    │   ├── RegionAsked  RegionUnavailable  RegionLinkUnknown  RegionLinkExpired  RegionLinkUsed  RegionOfOtherUser
    │   ├── ReplyGone  NothingToEdit  NothingToExtend  ReplyHasNoPicture  StillPainting
    │   ├── TooManyWaiting  OutOfCredits
    │   │   └── TooDear  ChatOutOfCredits
    │   │       └── ChatTooDear
    │   ├── Banned  Paused  ChatBanned  Closed  ForbiddenWord  FlaggedPrompt  FlaggedPicture  TooFast
    │   ├── NotAnAdministrator  RoleUnknown  NothingToDelete  NothingBefore
    │   ├── ParentGone  ParentDeleted  ParentForgotten  ParentElsewhere
    │   ├── PlaceClosed             the chat takes no pictures of the bot
    │   │   └── PicturesForbidden  WritingForbidden  PermissionsMissing
    │   ├── AdminPageOff  AdminLinkInGroup
    │   ├── NotYours  AlreadyFinished  Forgotten  AdminsOnly  UnknownCommand  BadArguments  UnknownCharge  Restarting
    │   ├── UnknownProvider  UnknownMember  UnknownJob
    │   ├── ProvidersPaused  BotPaused
    │   │   └── BotPausedInWords
    │   └── Unsupported             no configured provider can do it
    │       └── UnsupportedByModel  the chosen model cannot, others can
    ├── PaintFailed                 the upstream made no image; the reservation is released
    │   ├── Unreachable             no connection: certainly not accepted         → next provider
    │   ├── Busy                    429: certainly not accepted                   → wait, then next provider
    │   ├── UpstreamDown            5xx or an HTML error page before any answer   → next provider
    │   │   └── Firewalled          a firewall or CDN in front of it answered      → next provider
    │   ├── NoAnswer                no first byte until the deadline              → next provider
    │   ├── BadCredentials          401, 403: the operator's key                  → next provider
    │   │   └── AccountBlocked      the operator's account is blocked there       → next provider
    │   ├── WrongEndpoint           the preset does not fit the address           → next provider
    │   │   └── WrongModel          the upstream does not have the model          → next model, next provider
    │   │       └── WrongModalities it answers with images alone, or with text    → asked for the other, next model
    │   ├── NoTurn                  no slot came free within jobs.wait_s          → one whose circuit is open
    │   ├── OutOfFunds              the operator's balance there is used up       → next provider
    │   ├── FailedFree              a failed task that cost nothing               → next provider
    │   ├── Rejected                400: the request was understood and refused   → stop
    │   │   └── TooLarge            413: the request has too many bytes           → once with smaller pictures, stop
    │   ├── TextTooLarge            413 without pictures                          → next provider
    │   ├── Moderated               the content rules of the upstream             → stop
    │   ├── Unmoderated             the operator's moderation did not answer      → stop
    │   ├── Declined                prose instead of a picture                    → stop
    │   ├── NoPicture               an answer without an image                    → stop
    │   ├── SaidFailed              "failed" inside an accepted answer            → stop
    │   ├── CalledOff               the upstream cancelled the task               → stop
    │   ├── BadResult               a result that is no valid image               → stop
    │   ├── Unfetched               a result that could not be downloaded         → stop
    │   └── Lost                    accepted, then: the outcome is unknown        → stop, never painted again
    │       ├── CutShort            the connection ended in the middle
    │       ├── WentQuiet           nothing received for idle_timeout_s
    │       ├── TookTooLong         not finished within timeout_s
    │       └── Restarted           Easel was restarted in the middle
    ├── FetchFailed                 a download did not succeed
    │   └── FetchForbidden  FetchUnavailable  FetchTooLarge  FetchTooSlow
    ├── ChatFailed                  the chat platform did not accept a call
    │   ├── ChatBusy  MessageGone  ChatUnreachable  StillSearching
    │   └── ChatGone                the bot may not write there
    │       └── SendForbidden       not this kind of message
    ├── Undelivered                 painted, but not delivered to the chat: not charged
    ├── NotDeleted                  the platform keeps a message of a result that was taken away
    ├── StoreFailed                 a read or write of the database failed
    │   └── StoreUnreachable        its server is away
    ├── CopyFailed                  one database was not copied into another; for the operator
    ├── MachineFailed               out of descriptors, memory or disk space; the request waits
    │   └── StoreAway               for the database's server
    ├── Unreadable                  what was stored about a job cannot be read any more; not charged
    ├── Stale                       a newer attempt owns the job; this one stops without a message
    └── SettingsWrong               for the operator: one line per mistake
"""

from bot.errors.administration import (
    BotPaused,
    BotPausedInWords,
    ProvidersPaused,
    UnknownJob,
    UnknownMember,
    UnknownProvider,
)
from bot.errors.base import (
    EaselError,
    MessageArgument,
)
from bot.errors.generation import (
    AccountBlocked,
    BadCredentials,
    BadResult,
    Busy,
    CalledOff,
    CutShort,
    Declined,
    FailedFree,
    Firewalled,
    Lost,
    Moderated,
    NoAnswer,
    NoPicture,
    NoTurn,
    OutOfFunds,
    PaintFailed,
    Rejected,
    Restarted,
    Retry,
    SaidFailed,
    TextTooLarge,
    TookTooLong,
    TooLarge,
    Unfetched,
    Unmoderated,
    Unreachable,
    UpstreamDown,
    WentQuiet,
    WrongEndpoint,
    WrongModalities,
    WrongModel,
)
from bot.errors.infrastructure import (
    ChatBusy,
    ChatFailed,
    ChatGone,
    ChatUnreachable,
    CopyFailed,
    FetchFailed,
    FetchForbidden,
    FetchTooLarge,
    FetchTooSlow,
    FetchUnavailable,
    MachineFailed,
    MessageGone,
    NotDeleted,
    SendForbidden,
    SettingsWrong,
    Stale,
    StillSearching,
    StoreAway,
    StoreFailed,
    StoreUnreachable,
    Undelivered,
    Unreadable,
)
from bot.errors.lineage import NothingBefore, ParentDeleted, ParentElsewhere, ParentForgotten, ParentGone
from bot.errors.refusals import (
    AdminLinkInGroup,
    AdminPageOff,
    AdminsOnly,
    AlreadyFinished,
    AnimatedPicture,
    BadArguments,
    BadOption,
    Banned,
    BrokenPicture,
    ChatBanned,
    ChatOutOfCredits,
    ChatTooDear,
    ChooseModel,
    Closed,
    FlaggedPicture,
    FlaggedPrompt,
    ForbiddenWord,
    Forgotten,
    MaskNotTransparent,
    MaskOfOtherSize,
    MaskTooLarge,
    MaskTooManyPictures,
    MaskWithoutPicture,
    MovingSticker,
    NotAnAdministrator,
    NotAPicture,
    NothingDrawn,
    NothingToDelete,
    NothingToEdit,
    NothingToExtend,
    NotYours,
    OneModelOnly,
    OptionWithoutValue,
    OutOfCredits,
    Paused,
    PermissionsMissing,
    PictureGone,
    PicturesForbidden,
    PicturesWithoutPrompt,
    PictureTooComplex,
    PictureTooLarge,
    PictureTooManyPixels,
    PlaceClosed,
    PromptEmpty,
    PromptTooLong,
    Refusal,
    ReplyGone,
    ReplyHasNoPicture,
    Restarting,
    RestTooLate,
    RoleUnknown,
    StillPainting,
    TextFileTooLong,
    TextFileUnreadable,
    TooDear,
    TooFast,
    TooManyPictures,
    TooManyWaiting,
    UnknownCharge,
    UnknownCommand,
    UnknownOption,
    Unsupported,
    UnsupportedByModel,
    WritingForbidden,
)
from bot.errors.regions import (
    EverythingMarked,
    NothingMarked,
    RegionAsked,
    RegionLinkExpired,
    RegionLinkUnknown,
    RegionLinkUsed,
    RegionOfOtherPicture,
    RegionOfOtherUser,
    RegionTooDetailed,
    RegionUnavailable,
    RegionUnreadable,
)

__all__ = [
    "AccountBlocked",
    "AdminLinkInGroup",
    "AdminPageOff",
    "AdminsOnly",
    "AlreadyFinished",
    "AnimatedPicture",
    "BadArguments",
    "BadCredentials",
    "BadOption",
    "BadResult",
    "Banned",
    "BotPaused",
    "BotPausedInWords",
    "BrokenPicture",
    "Busy",
    "CalledOff",
    "ChatBanned",
    "ChatBusy",
    "ChatFailed",
    "ChatGone",
    "ChatOutOfCredits",
    "ChatTooDear",
    "ChatUnreachable",
    "ChooseModel",
    "Closed",
    "CopyFailed",
    "CutShort",
    "Declined",
    "EaselError",
    "EverythingMarked",
    "FailedFree",
    "FetchFailed",
    "FetchForbidden",
    "FetchTooLarge",
    "FetchTooSlow",
    "FetchUnavailable",
    "Firewalled",
    "FlaggedPicture",
    "FlaggedPrompt",
    "ForbiddenWord",
    "Forgotten",
    "Lost",
    "MachineFailed",
    "MaskNotTransparent",
    "MaskOfOtherSize",
    "MaskTooLarge",
    "MaskTooManyPictures",
    "MaskWithoutPicture",
    "MessageArgument",
    "MessageGone",
    "Moderated",
    "MovingSticker",
    "NoAnswer",
    "NoPicture",
    "NoTurn",
    "NotAPicture",
    "NotAnAdministrator",
    "NotDeleted",
    "NotYours",
    "NothingBefore",
    "NothingDrawn",
    "NothingMarked",
    "NothingToDelete",
    "NothingToEdit",
    "NothingToExtend",
    "OneModelOnly",
    "OptionWithoutValue",
    "OutOfCredits",
    "OutOfFunds",
    "PaintFailed",
    "ParentDeleted",
    "ParentElsewhere",
    "ParentForgotten",
    "ParentGone",
    "Paused",
    "PermissionsMissing",
    "PictureGone",
    "PictureTooComplex",
    "PictureTooLarge",
    "PictureTooManyPixels",
    "PicturesForbidden",
    "PicturesWithoutPrompt",
    "PlaceClosed",
    "PromptEmpty",
    "PromptTooLong",
    "ProvidersPaused",
    "Refusal",
    "RegionAsked",
    "RegionLinkExpired",
    "RegionLinkUnknown",
    "RegionLinkUsed",
    "RegionOfOtherPicture",
    "RegionOfOtherUser",
    "RegionTooDetailed",
    "RegionUnavailable",
    "RegionUnreadable",
    "Rejected",
    "ReplyGone",
    "ReplyHasNoPicture",
    "RestTooLate",
    "Restarted",
    "Restarting",
    "Retry",
    "RoleUnknown",
    "SaidFailed",
    "SendForbidden",
    "SettingsWrong",
    "Stale",
    "StillPainting",
    "StillSearching",
    "StoreAway",
    "StoreFailed",
    "StoreUnreachable",
    "TextFileTooLong",
    "TextFileUnreadable",
    "TextTooLarge",
    "TooDear",
    "TooFast",
    "TooLarge",
    "TooManyPictures",
    "TooManyWaiting",
    "TookTooLong",
    "Undelivered",
    "Unfetched",
    "UnknownCharge",
    "UnknownCommand",
    "UnknownJob",
    "UnknownMember",
    "UnknownOption",
    "UnknownProvider",
    "Unmoderated",
    "Unreachable",
    "Unreadable",
    "Unsupported",
    "UnsupportedByModel",
    "UpstreamDown",
    "WentQuiet",
    "WritingForbidden",
    "WrongEndpoint",
    "WrongModalities",
    "WrongModel",
]
