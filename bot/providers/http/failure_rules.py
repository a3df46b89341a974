"""Which failure an error is: one table of codes and words with their sources, and the HTTP statuses. Pure.

The evidence, the strongest first: what proves content rules; words that are decisive whatever code stands beside them;
codes that name one cause; words; codes that name a kind; a status inside the body; the status of HTTP. Of each kind the
innermost error counts. Words are phrases of upstreams, never single words, and what an answer repeats of the prompt is
taken out before they are looked for: no prompt decides a class.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot.errors import (
    AccountBlocked,
    BadCredentials,
    Busy,
    CalledOff,
    Firewalled,
    Moderated,
    NoAnswer,
    NoPicture,
    OutOfFunds,
    PaintFailed,
    Rejected,
    SaidFailed,
    TooLarge,
    UpstreamDown,
    WrongEndpoint,
    WrongModalities,
    WrongModel,
)
from bot.providers.http.error_bodies import ErrorBody, codes_in_words
from bot.providers.http.firewalls import is_from_firewall
from bot.providers.http.quoting import is_page, page_status, without_prompt
from bot.providers.http.scripts import to_simplified
from bot.providers.http.waits import wait_from_words

FailureClass = type[PaintFailed]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What one failure looks like."""

    failure: FailureClass
    """The class."""

    source: str
    """Who sends it."""

    decisive: tuple[str, ...] = ()
    """Phrases (regular expressions, in any letter case) that count before any code."""

    codes: str = ""
    """Values of `code`, `type`, `status` or `reason` that name this cause, separated by blanks; in lower case."""

    words: tuple[str, ...] = ()
    """Phrases that count where no code names a cause; as `decisive`."""

    kinds: str = ""
    """Values that name only a kind of error, and count after words; as `codes`."""


_FUNDS = r"(?:quota|balance|credits?|funds|points)"
_POLICY = r"(?:polic(?:y|ies)|guidelines?|guardrails|rules|standards|terms)"
_NAME = r"[`'\"]?[\w./:@-]{1,100}[`'\"]?"  # of a model
_LONG = r"[^.\n]{0,60}?"  # within one sentence

RULES: tuple[Rule, ...] = (
    Rule(
        failure=AccountBlocked,
        source="Azure (403 Forbidden), OpenAI, Google (CONSUMER_SUSPENDED), Ark (InvalidAccountStatus)",
        decisive=(
            r"\bresource has been (?:temporarily |permanently )?(?:blocked|disabled|suspended)",
            rf"\b(?:account|organi[sz]ation|project|consumer|workspace|subscription|tenant)\b{_LONG}"
            r"\b(?:has been|is|was) (?:\w+ ){0,2}"
            r"(?:suspended|deactivated|banned|blocked|terminated|restricted|disabled|frozen)\b",
            rf"\b(?:your|api) (?:access|(?:api )?keys?)\b{_LONG}\b(?:has been|have been|is|was|were) (?:\w+ ){{0,2}}"
            r"(?:suspended|banned|blocked|terminated)\b",
            r"\b(?:you(?:(?:['’]ve| have) been| are| were)|user(?: has been| is| was)) (?:\w+ )?"
            r"(?:suspended|banned|blocked)\b",
            r"(?:账号|账户|帐号|帐户)[^。，\n]{0,20}?(?:已经?|被){1,2}(?:暂时|永久)?(?:封禁|停用|禁用|冻结|限制|封停|拉黑)",
            r"(?:账号|账户|帐号|帐户|用户)(?:已经?)?被?(?:封禁|停用|禁用|冻结|封停|拉黑)",
        ),
        codes="account_deactivated account_suspended account_disabled account_blocked organization_deactivated"
        " consumer_suspended invalidaccountstatus user_suspended",
    ),
    Rule(
        failure=OutOfFunds,
        source="Google and OpenAI: a quota of nothing, which no waiting fills; fal.ai, Replicate",
        decisive=(
            r"\blimit\s*[:=]?\s*0\b(?![.,]?\d)",
            r"exhausted balance",
            r"spend(?:ing)? limit (?:has been |was )?(?:reached|exceeded)",
            r"(?:reached|exceeded|hit)[^.\n]{0,30}? (?:spend(?:ing)?|budget|credit) limit",
            r"\bkey limit exceeded",
            r"billing hard limit",
        ),
        codes="limit_of_nothing",
    ),
    Rule(
        failure=TooLarge,
        source="OpenAI, Groq: more than the account takes in a minute, which no waiting makes less",
        decisive=(r"\brequest too large\b",),
    ),
    Rule(
        failure=WrongModalities,
        source="OpenRouter (404), Vercel, Google",
        decisive=(
            rf"\bno (?:\w+ )?(?:endpoints?|providers?|models?)\b{_LONG}\boutput[ _]modalit",
            rf"\b(?:output|response|requested)[ _]modalit\w*{_LONG}\b(?:not (?:be )?supported|unsupported|invalid)",
            r"\b(?:unsupported|invalid|(?:does not|doesn.t) support(?: the)?)(?: requested)?(?: output| response)?"
            r" ?modalit",
            rf"\bonly (?:supports?|accepts?|returns?)\b{_LONG}\bmodalit",
        ),
    ),
    Rule(
        failure=WrongModel,
        source="OpenAI, OpenRouter, One API, Azure, Ark, SiliconFlow, EvoLink, LiteLLM, Google, DashScope, Ollama",
        decisive=(
            r"no endpoints? found (?:for|that|matching)",
            rf"\bmodel (?:{_NAME},? )?(?:(?:does not|doesn.t|not) exist|(?:is |was )?not found)",
            r"\bmodels/\S+ is not (?:found|supported)",
            r"\bis not a valid model\b",
            r"\b(?:may not|cannot|can.t|not allowed to) (?:use|access) (?:this|the) model\b",
            r"(?:not|n.t) have access to (?:the )?model\b|\bverified to use the model\b",
            r"无可用渠道|可用渠道不存在|模型.{0,40}?(?:不存在|未找到|已下线|已停用)|不支持的模型",
            r"\bno available channels?\b",
        ),
        codes="model_not_found modelnotfound deploymentnotfound modelnotopen invalid_model model_access_denied"
        " model_not_supported unsupported_model model_not_allowed model_deprecated model_not_exist",
        words=(
            rf"\bmodel (?:{_NAME},? )?(?:is |was |has been )?(?:not (?:supported|available|allowed|enabled)"
            r"|deprecated|retired|decommissioned|discontinued|shut down)\b",
            r"\b(?:invalid|unknown|unsupported|unrecognized) model(?: name| id)?(?:\s*[:=`'\"(]| passed\b| \S*[\d/-])",
        ),
    ),
    Rule(
        failure=WrongEndpoint,
        source="ToAPIs (not an endpoint of this model), Ace Data",
        decisive=(r"invalid api ?type",),
        codes="api_not_implemented unsupported_endpoint not_found_error invalid_api_type",
    ),
    Rule(
        failure=Moderated,
        source="OpenAI, Azure, Google (finish and block reasons), Ark, DashScope, One API, fal.ai, Replicate, xAI",
        codes="moderation_blocked content_policy_violation contentpolicyviolation content_policy policy_violation"
        " content_filter contentfilter content_filtered content_moderation content_moderated content_blocked"
        " content_not_allowed content_safety_violation safety_violation responsibleaipolicyviolation"
        " sensitive_words_detected sensitive_content prompt_blocked prompt_moderated request_moderated moderation"
        " input_moderation output_moderation nsfw nsfw_content_detected violation jailbreak"
        " safety image_safety prohibited_content image_prohibited_content blocklist spii recitation image_recitation"
        " inputtextsensitivecontentdetected inputimagesensitivecontentdetected outputtextsensitivecontentdetected"
        " outputimagesensitivecontentdetected sensitivecontentdetected inputtextriskdetection inputimageriskdetection"
        " outputtextriskdetection outputimageriskdetection datainspectionfailed data_inspection_failed"
        " ipinfringementsuspect",
        words=(
            r"safety_violations|moderation_blocked|content[_ ]policy|\bcontent management policy",
            r"(?:rejected|refused|blocked|flagged|filtered|stopped|declined|denied|detected)"
            r" (?:by|as a result of|because of|due to|for violating) (?:[\w'’]+ ){0,3}?(?:safety|moderation|content)",
            r"\bsafety (?:system|filters?|polic(?:y|ies)|guardrails)|\bguardrails around",
            rf"violat\w*\b{_LONG}\b(?:content|usage|safety|community|use|ai|platform|our|openai|google)\b"
            rf"[^.\n]{{0,30}}?{_POLICY}",
            r"(?:usage|community) guidelines|responsible ai (?:policy|practices)",
            r"\b(?:flagged|detected|identified) as (?:\w+ ){0,2}?(?:sensitive|unsafe|nsfw)|nsfw content",
            r"(?:sensitive|inappropriate|prohibited|unsafe|harmful|explicit|banned|forbidden|disallowed|offensive)"
            r" (?:words?|phrases?|terms|content(?![- ](?:type|length))|material|information|prompts?|keywords?)",
            r"(?:words?|phrases?|terms|keywords|(?:this|such|of) content)[^.\n]{0,30}?"
            r" (?:not|n['’]t) (?:allowed|permitted)",
            rf"\b(?:prompt|inputs?|text|images?|pictures?|outputs?|content)\b{_LONG}\b(?:unsafe|not safe|inappropriate"
            r"|harmful|offensive|flagged|moderated|nsfw|sexual(?:ly)?)\b",
            r"flagged by (?:\w+ )?(?:content|moderation|safety)|content (?:checker|moderation|safety|filter|security)",
            r"moderation (?:rules|system|check|filter)|failed (?:the )?(?:safety|moderation|content)",
            r"\b(?:image_)?(?:prohibited_content|image_safety)\b|\brequest moderated|\brisk control",
            r"违规|违禁|敏感(?:词|内容|信息|字)|违反.{0,20}?(?:政策|规定|规则|准则|规范|条款|法律|法规)",
            r"不(?:符合|遵守|满足).{0,12}?(?:政策|规范|准则|条款|法律|法规|安全要求|内容要求)|不合规",
            r"涉[黄政暴恐]|色情|淫秽|裸露|血腥|风控|触发.{0,8}(?:安全|审核|敏感|过滤)",
            r"(?:安全|敏感词?).{0,4}(?:审[核查]|检[测查]|过滤|拦截|策略|机制|限制|系统|护栏)|内容.{0,4}(?:审[核查]|检测|过滤|拦截)",
            r"审[核查].{0,3}(?:未|不|没有?)?(?:能)?通过|审[核查](?:失败|拒绝|不过)",
            r"(?:不安全|不适[宜当]|不[良当雅]|有害|非法|违法|被禁)的?.{0,2}(?:内容|信息|词)",
            r"(?:内容|图片|图像|文本|提示词|输入).{0,12}?(?:不安全|不适[宜当]|不[良当雅]|有害|违法)",
            r"систем\w* безопасности|модераци|наруша\w+ .{0,40}?(?:правил|политик)"
            r"|запрещ[её]нн\w+ (?:контент|слов|содержани)|недопустим\w+ (?:контент|содержани|запрос)",
        ),
    ),
    Rule(
        failure=OutOfFunds,
        source="OpenAI, EvoLink, ToAPIs, Ace Data, One API, Ark, DashScope (Arrearage), Replicate, kie.ai, xAI",
        codes="used_up insufficient_quota insufficient_user_quota insufficient_balance insufficient_credits"
        " insufficient_funds pre_consume_token_quota_failed pre_consume_quota_failed billing_hard_limit_reached"
        " billing_limit_user_error billing_not_active billing_error project_spend_limit_exceeded quota_exceeded"
        " quota_not_enough quotaexceeded accountoverdueerror arrearage payment_required payment_required_error"
        " credits_exhausted out_of_credits balance_not_enough no_balance user_quota_exhausted",
        words=(
            rf"\binsufficient (?:\w+ ){{0,2}}?{_FUNDS}|not enough (?:\w+ )?{_FUNDS}",
            rf"\b{_FUNDS}\b[^.,\n]{{0,40}}? (?:not enough|insufficient|exhausted|used up|depleted|too low|run out)",
            rf"{_FUNDS} (?:insufficient|exhausted|depleted)",
            rf"(?:out of|used all available|doesn['’]t have any|no remaining) (?:\w+ )?{_FUNDS}",
            r"billing (?:limit|account)|payment required|(?:top up|recharge) your|is in arrears",
            r"overdue (?:balance|payment|bill)",
            r"(?:余额|额度|配额|积分|点数|算力|点券)(?:已经?|已被)?(?:不足|用尽|耗尽|不够|用完)|欠费|预扣费.{0,4}失败|请(?:先|及时)?充值",
            r"недостаточно (?:средств|кредитов|баланса)|баланс\w* (?:исчерпан|недостат)",
        ),
    ),
    Rule(
        failure=BadCredentials,
        source="OpenAI, Ace Data, EvoLink, Google (API_KEY_INVALID), One API, DashScope, Ark, MiniMax",
        # token_mismatched: Ace Data answers it with 400 and speaks of "parameters", but its SDK treats it as a token
        # bought for another API: nothing that a user could phrase differently
        codes="invalid_token no_token token_expired token_mismatched disabled invalid_api_key api_key_invalid"
        " api_key_expired api_key_disabled api_key_service_blocked invalidapikey unauthorized unauthenticated"
        " authentication_error authenticationerror authentication_failed access_denied"
        " accessdenied access_token_expired invalid_authentication invalid_credentials"
        " unsupported_country_region_territory",
        words=(
            rf"\bapi[ _]?key\b{_LONG}\b(?:invalid|not valid|not found|expired|disabled|missing|revoked|error)",
            r"\b(?:invalid|incorrect|expired|missing|wrong|unknown) (?:\w+ )?(?:api[ _]?key|token|credentials?)\b",
            r"\btoken (?:is |has )?(?:expired|invalid|revoked|been revoked)|authentication (?:failed|fails)",
            r"\borgani[sz]ation must be verified|^\W*unauthori[sz]ed\b|login fail",
            r"\b(?:user|your|this) (?:location|region|country)\b[^.\n]{0,20}? not (?:supported|available)",
            r"(?:无效|错误|非法|过期|失效)的? ?(?:令牌|密钥|api ?-?key|token)|未提供(?:令牌|密钥)",
            r"(?:令牌|密钥|api ?-?key|token)(?:状态)?(?:已经?|已被)? ?"
            r"(?:无效|失效|过期|错误|不正确|不可用|禁用|不存在|(?:验证|校验)失败)",
            r"(?:鉴权|认证|身份验证)失败|无权(?:访问|使用)",
        ),
        kinds="permission_error permission_denied forbidden",
    ),
    Rule(
        failure=TooLarge,
        source="nginx, Cloudflare, OpenAI (413), Anthropic, Google (400), Vercel",
        codes="request_too_large payload_too_large image_too_large file_too_large request_entity_too_large"
        " content_too_large function_payload_too_large body_too_large image_file_too_large file_size_exceeded",
        words=(
            r"(?:request|payload|entity|body|content|upload|images?|files?|pictures?)(?: entity| body| size| file)?"
            r" (?:is |are )?too (?:large|big)",
            r"(?:payload|body|request|file|image)(?: \w+)? size (?:exceeds|exceeded|is over|too large)",
            r"maximum (?:content|file|upload|request|body) size",
            r"(?:image|file)\b[^.\n]{0,30}? (?:exceeds|larger than|over)[^.\n]{0,30}?\d\s*(?:[km]i?b|bytes)",
            r"(?:图片|图像|文件|请求体)(?:文件|大小|体积|的)*(?:过大|太大|超过|超出|(?:不能|不得|不可)(?:超过|大于))",
        ),
    ),
    Rule(
        failure=Busy,
        source="OpenAI, EvoLink, Azure, Google, Anthropic, One API, Ark, DashScope, midjourney-proxy",
        codes="too_many_requests toomanyrequests rate_limit_exceeded rate_limit rate_limit_reached ratelimitexceeded"
        " requestlimitexceeded overloaded_error serveroverloaded engine_overloaded throttling throttlingexception"
        " modelaccountrpmratelimitexceeded modelaccounttpmratelimitexceeded modelaccountipmratelimitexceeded"
        " concurrency_limit_exceeded concurrent_limit_exceeded queue_full slow_down",
        words=(
            r"\brate.?limit|too many (?:concurrent )?requests|\bthrottled\b",
            r"over(?:loaded| capacity)|at (?:full )?capacity|(?:high|heavy) (?:demand|load|traffic)",
            r"(?:concurren(?:t|cy)|request) (?:\w+ )?limit|queue (?:is )?full",
            r"(?:server|service|model|system) is (?:\w+ )?busy|resource(?: has been|s are)? exhausted",
            r"负载(?:已|较|过)?(?:饱和|高|过高)|请求(?:过于|太)?(?:频繁|过多|太多)|限流|频率(?:限制|过高|超限)",
            r"并发.{0,6}(?:超|上限|限制)|(?:队列|排队)已满|(?:系统|服务|上游|模型)[^。\n]{0,4}?(?:繁忙|忙)",
            r"(?:访问|使用|请求|排队)的?(?:人数|用户|人)[过太]多",
            r"слишком много запросов|сервер\w* (?:перегружен|занят)",
        ),
        kinds="rate_limit_error resource_exhausted requests tokens",
    ),
    Rule(
        failure=UpstreamDown,
        source="the upstreams' own failures: OpenAI, Ace Data, EvoLink, Ark, Google, One API",
        codes="image_generation_server_error",
        kinds="api_error internal_error internal server_error service_unavailable unavailable service_error"
        " unknown_error upstream_error internalerror internalserviceerror internal_server_error bad_response"
        " bad_response_body do_request_failed get_channel_failed empty_response",
    ),
    Rule(
        failure=NoAnswer,
        source="EvoLink, Google",
        kinds="timeout generation_timeout deadline_exceeded gateway_timeout request_timeout",
    ),
    Rule(
        failure=Rejected,
        source="OpenAI, EvoLink, DashScope, Ark",
        codes="invalid_value invalid_size invalid_image_file invalid_image unknown_parameter image_processing_error"
        " image_dimension_mismatch invalid_parameters invalid_input_fidelity_model unsupported_value"
        " missing_required_parameter invalid_image_format",
        kinds="bad_request invalid_request invalidparameter missingparameter",
    ),
    # the end of a task that was accepted
    Rule(failure=CalledOff, source="EvoLink", codes="request_cancelled"),
    Rule(failure=NoPicture, source="EvoLink, Google", codes="generation_failed_no_content no_image image_other"),
    Rule(failure=SaidFailed, source="ToAPIs", kinds="generation_failed"),
)

STATUSES: Mapping[int, FailureClass] = {
    401: BadCredentials,
    402: OutOfFunds,
    403: BadCredentials,
    404: WrongEndpoint,
    405: WrongEndpoint,
    408: NoAnswer,
    410: WrongEndpoint,
    413: TooLarge,
    425: Busy,
    429: Busy,
    430: Busy,  # kie.ai: called too often
    451: Moderated,
    504: NoAnswer,
    524: NoAnswer,  # Cloudflare's own timeout
    529: Busy,  # overloaded
}

PARAMETERS: Mapping[str, FailureClass] = {"model": WrongModel, "modalities": WrongModalities}
_AT_THE_DOOR = (BadCredentials, Moderated, Rejected, UpstreamDown)  # what a firewall's status is taken for
_WRAPPERS = frozenset({400, 500, 502, 503})  # statuses with which relays pass on what another upstream has said
_STATUS = re.compile(r"[45]\d\d")  # an HTTP status given as a code
_EXCEEDED_QUOTA = re.compile(r"exceeded your current quota|check your plan and billing", re.IGNORECASE)


def _compile(rules: Iterable[tuple[FailureClass, tuple[str, ...]]]) -> tuple[tuple[FailureClass, re.Pattern[str]], ...]:
    return tuple((failure, re.compile("|".join(words), re.IGNORECASE)) for failure, words in rules if words)


_DECISIVE = _compile((rule.failure, rule.decisive) for rule in RULES)
_PHRASES = _compile((rule.failure, rule.words) for rule in RULES)
CODES: Mapping[str, FailureClass] = {code: rule.failure for rule in RULES for code in rule.codes.split()}
KINDS: Mapping[str, FailureClass] = {code: rule.failure for rule in RULES for code in rule.kinds.split()}


def classify_status(status: int) -> FailureClass:
    """The failure class of an HTTP status that is no success; by its hundreds where it is not in the table."""
    if status in STATUSES:
        return STATUSES[status]
    if 300 <= status < 400:
        return WrongEndpoint  # redirects of a POST are not followed: they would carry the key elsewhere
    return UpstreamDown if status >= 500 else Rejected


def classify_error(error: ErrorBody, status: int | None, *, prompt: str = "") -> FailureClass | None:
    """The failure class of an error; None: it does not tell. `status`: of HTTP; None: inside an accepted answer.
    `prompt`: as sent; what the error repeats of it counts for nothing."""
    if error.moderated:
        return Moderated
    words = [to_simplified(without_prompt(each, prompt)) for each in error.messages if not is_page(each)]
    codes = [_plain_code(each) for each in (*error.codes, *(code for each in words for code in codes_in_words(each)))]
    failure = (
        _by_words(_DECISIVE, words)
        or _by_code(CODES, codes)
        or _by_words(_PHRASES, words)
        or _by_exceeded_quota(error, words)
        or _by_code(KINDS, codes)
    )
    failure = failure or _by_status(error, codes, status)
    return failure if failure is not Rejected else _by_parameter(error) or Rejected


def _by_parameter(error: ErrorBody) -> FailureClass | None:
    """The class of a refused request that is about one of its fields (`model`, `modalities[1]`); None: any other."""
    names = {each.partition("[")[0].partition(".")[0] for each in error.parameters}
    return next((failure for name, failure in PARAMETERS.items() if name in names), None)


def classify_finish(reasons: Iterable[str]) -> FailureClass | None:
    """The failure class of the reasons for which a model stopped; None: an ordinary end."""
    return _by_code(CODES, [_plain_code(each) for each in reasons])


def _plain_code(code: str) -> str:
    """A code in the spelling of the table: without prefixes such as `channel:`, and what follows the first dot of
    Ark's and DashScope's (`OutputImageSensitiveContentDetected.PolicyViolation`)."""
    return (
        code.lower().rpartition(":")[2].replace("-", "_").removeprefix("finishreason.").removeprefix("finish_reason_")
    )


def _by_code(table: Mapping[str, FailureClass], codes: Iterable[str]) -> FailureClass | None:
    for code in codes:
        if failure := table.get(code) or table.get(code.partition(".")[0]):
            return failure
    return None


def _by_words(table: Iterable[tuple[FailureClass, re.Pattern[str]]], messages: Iterable[str]) -> FailureClass | None:
    listed = tuple(table)
    return next((failure for each in messages for failure, words in listed if words.search(each)), None)


def _by_exceeded_quota(error: ErrorBody, messages: Iterable[str]) -> FailureClass | None:
    """OpenAI says it of a balance, Google also of a limit for a minute, and then names the time to wait."""
    listed = list(messages)
    if not any(_EXCEEDED_QUOTA.search(each) for each in listed):
        return None
    waits = error.retry_after is not None or any(wait_from_words(each) is not None for each in listed)
    return Busy if waits else OutOfFunds


def _by_status(error: ErrorBody, codes: Iterable[str], status: int | None) -> FailureClass | None:
    numbers = [int(code) for code in codes if _STATUS.fullmatch(code)]
    numbers += filter(None, map(page_status, error.messages))
    if status is None:
        return classify_status(numbers[0]) if numbers else None
    meant = numbers[0] if numbers and status in _WRAPPERS else status
    failure = classify_status(meant)
    if failure in _AT_THE_DOOR and is_from_firewall(error.messages, meant):
        return Firewalled
    # a web page instead of the API's own refusal comes from a proxy in between, and says nothing about the request
    return UpstreamDown if failure is Rejected and any(map(is_page, error.messages)) else failure
