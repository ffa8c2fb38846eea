"""Makes handbook.pdf, a Chinese handbook as office programs print it (three pages, running header and footer).

Run it again only to change the fixture: `python tests/kb_index/importing/files/make_pdf.py`; it needs Chromium and the
font Noto Sans CJK SC (SIL Open Font License). The text is our own.
"""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import sync_playwright

REFUND = (
    "退款申请审核通过以后，款项会按照原来的支付方式退回。使用银行卡支付的订单，到账时间为三到五个工作日；使用钱包支付的订单，"
    "款项会在两个小时之内到账。如果超过这个时间仍然没有收到，请联系在线客服查询退款进度。"
)
SHIPPING = (
    "因为商品质量问题而退货的，运费由商家承担；因为个人原因退货的，运费由买家自己承担，具体的金额以快递公司的报价为准。"
)
ENGLISH = (
    "Orders that are shipped abroad usually arrive within ten to fifteen working days. Customs may ask you for further "
    "documents, and any import duties are paid by the person who receives the parcel."
)
PAGE = f"""<html lang="zh"><head><title>售后服务手册</title><style>
body {{ font: 11pt "Noto Sans CJK SC"; line-height: 1.7 }} h1 {{ font-size: 22pt }} h2 {{ font-size: 16pt }}
.new {{ break-before: page }}
</style></head><body>
<h1>售后服务手册</h1>
<h2>第一章 退款到账时间</h2><p>{REFUND}</p>
<h2>第二章 退货运费</h2><p>{SHIPPING}</p>
<ul><li>请保留快递单据</li><li>请拍下商品照片</li></ul>
<h2 class="new">第三章 海外订单 Shipping abroad</h2><p>{ENGLISH}</p>
<h2 class="new">第四章 发票</h2><p>电子发票在订单完成后的二十四小时之内开具，可以在订单详情页下载。</p>
</body></html>"""
FRAME = '<div style="font-size:8px;width:100%;text-align:center">{}</div>'

if __name__ == "__main__":
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium")
        page = browser.new_page()
        page.set_content(PAGE)
        page.pdf(
            path=Path(__file__).with_name("handbook.pdf"),
            format="A5",
            margin={"top": "20mm", "bottom": "20mm", "left": "15mm", "right": "15mm"},
            display_header_footer=True,
            header_template=FRAME.format("云杉商城内部资料"),
            footer_template=FRAME.format('第 <span class="pageNumber"></span> 页'),
        )
        browser.close()
