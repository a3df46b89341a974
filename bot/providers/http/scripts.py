"""Traditional Chinese as simplified, so that one phrase matches both: the characters that upstreams' errors use. Pure.

No converter for reading: OpenCC and its like weigh megabytes and convert words in context, which phrases do not need.
"""

_TRADITIONAL = (
    "違規詞內審測過濾攔機製係統護欄觸發風險調請帳號戶額訊圖檔為與們後鐘時間試負載飽頻並併處異繼續錯誤無權訪問驗證實鑰認賬積點數餘幣絕開啟閉導傳輸關鍵戰裡邊還"
    "這個會讓說稱應該當國際產業據標準則條約議範圍穢體對話給夠獲補單價費賠償態總結構億萬幾隊執擁擠復複雜選擇設計變動務員較長種類從來運營連線"
)
_SIMPLIFIED = (
    "违规词内审测过滤拦机制系统护栏触发风险调请帐号户额讯图档为与们后钟时间试负载饱频并并处异继续错误无权访问验证实钥认账积点数余币绝开启闭导传输关键战里边还"
    "这个会让说称应该当国际产业据标准则条约议范围秽体对话给够获补单价费赔偿态总结构亿万几队执拥挤复复杂选择设计变动务员较长种类从来运营连线"
)
_TO_SIMPLIFIED = str.maketrans(_TRADITIONAL, _SIMPLIFIED)


def to_simplified(text: str) -> str:
    """The text with its traditional Chinese characters simplified; of the same length."""
    return text if text.isascii() else text.translate(_TO_SIMPLIFIED)
