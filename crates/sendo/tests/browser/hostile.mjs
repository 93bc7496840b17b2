// Texts that try to become something else than a text, one of each kind that is known to have worked
// somewhere. What they would do is call `alert`, load something, or hide who wrote them.

const SCRIPTS = [
  "<script>alert(1)</script>",
  "<SCRIPT>alert(1)</SCRIPT>",
  "<script/src=//127.0.0.1:9/x.js></script>",
  "<script src=data:text/javascript,alert(1)></script>",
  "<scr<script>ipt>alert(1)</scr</script>ipt>",
  "<script\t>alert(1)</script\t>",
  "<script>alert`1`</script>",
  "<script type=module>alert(1)</script>",
  "<script><!--\nalert(1)</script>",
  "<svg><script>alert(1)</script></svg>",
  "<svg><script href=data:,alert(1) />",
  "<math><script>alert(1)</script></math>",
  "<noscript><p title=\"</noscript><script>alert(1)</script>\">",
];

const HANDLERS = [
  "<img src=x onerror=alert(1)>",
  "<img/src=x/onerror=alert(1)>",
  "<IMG SRC=x ONERROR=alert(1)>",
  "<img src=x onerror=&#97;lert(1)>",
  "<img src=`x` onerror=alert(1)>",
  "<img src onerror=alert(1)//",
  "<svg onload=alert(1)>",
  "<svg/onload=alert(1)>",
  "<svg\fonload=alert(1)>",
  "<svg><animate onbegin=alert(1) attributeName=x dur=1s>",
  "<svg><set onend=alert(1) attributeName=x dur=0s>",
  "<body onload=alert(1)>",
  "<body onpageshow=alert(1)>",
  "<input autofocus onfocus=alert(1)>",
  "<select autofocus onfocus=alert(1)>",
  "<textarea autofocus onfocus=alert(1)>",
  "<details open ontoggle=alert(1)>",
  "<video><source onerror=alert(1)>",
  "<video src=x onerror=alert(1)>",
  "<audio src=x onerror=alert(1)>",
  "<marquee onstart=alert(1)>",
  "<div style=animation-name:drift onanimationstart=alert(1)>",
  "<iframe onload=alert(1)>",
  "<object data=x onerror=alert(1)>",
  "<style onload=alert(1)></style>",
  "<link rel=stylesheet href=/assets/sendo.css onload=alert(1)>",
  "<p tabindex=0 autofocus onfocus=alert(1)>",
  "<dialog open onfocusin=alert(1)><button autofocus>",
  "<a href=# onfocus=alert(1) autofocus>",
  "<x onclick=alert(1) accesskey=x>",
];

const ADDRESSES = [
  "javascript:alert(1)",
  "JaVaScRiPt:alert(1)",
  "java\tscript:alert(1)",
  "javascript://%0aalert(1)",
  "data:text/html,<script>alert(1)</script>",
  "vbscript:alert(1)",
  "<a href=javascript:alert(1)>open</a>",
  "<a href=\"java&#10;script:alert(1)\">open</a>",
  "<a href=&#x6a;avascript:alert(1)>open</a>",
  "<iframe src=javascript:alert(1)>",
  "<iframe srcdoc=\"<script>alert(1)</script>\">",
  "<embed src=javascript:alert(1)>",
  "<object data=javascript:alert(1)>",
  "<form action=javascript:alert(1)><button autofocus>",
  "<button formaction=javascript:alert(1)>open",
  "<base href=//127.0.0.1:9/>",
  "<meta http-equiv=refresh content=0;url=javascript:alert(1)>",
  "<meta http-equiv=refresh content=0;url=//127.0.0.1:9/>",
  "<link rel=import href=data:text/html,x>",
  "<svg><a xlink:href=javascript:alert(1)><text>open</text></a></svg>",
  "<svg><use href=data:image/svg+xml,x#x /></svg>",
  "<img src=//127.0.0.1:9/leak>",
  "<style>@import'//127.0.0.1:9/x.css';</style>",
  "<style>*{background:url(//127.0.0.1:9/leak)}</style>",
  "[open](javascript:alert(1))",
  "![leak](//127.0.0.1:9/leak)",
];

const BREAKS = [
  "\"><script>alert(1)</script>",
  "'><script>alert(1)</script>",
  "\" onmouseover=alert(1) x=\"",
  "' onmouseover=alert(1) x='",
  "\" autofocus onfocus=alert(1) x=\"",
  "--><script>alert(1)</script>",
  "]]><script>alert(1)</script>",
  "</title><script>alert(1)</script>",
  "</textarea><script>alert(1)</script>",
  "</style><script>alert(1)</script>",
  "</code></li></main></body></html><script>alert(1)</script>",
  "</time><img src=x onerror=alert(1)>",
  "<!--",
  "<![CDATA[",
  "<?xml version=\"1.0\"?>",
  "<plaintext>",
  "<template><script>alert(1)</script>",
  "&lt;script&gt;alert(1)&lt;/script&gt;",
  "&#60;script&#62;alert(1)&#60;/script&#62;",
  "&amp;lt;b&amp;gt;",
  "{{7*7}}",
  "${7*7}",
  "{% block main %}{% endblock %}",
  "{{constructor.constructor('alert(1)')()}}",
  "<%= 7*7 %>",
  "#{7*7}",
  "';alert(1);//",
  "\\x3cscript\\x3ealert(1)\\x3c/script\\x3e",
  "\\u003cscript\\u003ealert(1)\\u003c/script\\u003e",
  "%3Cscript%3Ealert(1)%3C/script%3E",
  "`code` **bold** <b>bold</b>",
  "@everyone #1 GH-1 fixes #2",
];

const TRICKS = [
  "abc\u202etxt.exe",
  "\u2066hidden\u2069 shown",
  "zero\u200bwidth\u200djoined\ufeff",
  "\u{e0041}\u{e0042}tagged",
  "＜script＞alert(1)＜/script＞",
  "<ſcript>alert(1)</ſcript>",
  "<\u0131mg src=x onerror=alert(1)>",
  "\u001b[31mred\u001b]0;title\u0007",
  "bell\u0007 and\u0085next",
  "e\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301 zalgo",
  "مرحبا <b>بالعالم</b>",
  "👩‍👩‍👧‍👦 <i>家族</i> 船頭",
  "a".repeat(5_000),
  "<b>".repeat(1_000),
  "word ".repeat(500),
  "Ｗ".repeat(400),
];

/** All of them. */
export const HOSTILE = [...SCRIPTS, ...HANDLERS, ...ADDRESSES, ...BREAKS, ...TRICKS];

/** Those that git takes for a branch or a tag, and a principal for its name; `/` does for a space. */
export const NAMES = [...new Set(HOSTILE.map((text) => text.replaceAll(" ", "/")))].filter(
  (name) => /^[!-~]{1,150}$/.test(name) && !/[~^:?*[\\]|\.\.|@\{|\/\/|\/\.|\.lock|^[-/.@]|[/.]$/.test(name),
);

/** How a text is shown: on one line, without what hides or turns it, and not at any length. */
export function shown(text) {
  const straight = text.replace(/[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u061c\u{e0000}-\u{e007f}\u001b]/gu, "");
  return [...straight.replace(/[\s\p{Cc}]+/gu, " ").trim()].slice(0, 90).join("").trim();
}
