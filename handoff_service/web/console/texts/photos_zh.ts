/** Chinese texts of photos that an agent asks for by name. */
export const photosZh = {
  "photos.ask": "请客户补充照片",
  "photos.words": "对客户说",
  "photos.lead": "请按清单补充照片，直接点击对应项即可拍摄或选择：",
  "photos.names": "需要哪些照片（每行一张）",
  "photos.usual": "整件商品\n破损处\n快递面单",
  "photos.count": "请写一句话，并列出 1 到 {most} 张照片。",
  "photos.again": "重新请客户发照片",
  "photos.send": "发送",
  "photos.progress": "已收到 {there}/{count} 张",
  "photos.complete": "照片已齐（{count} 张）",
  "photos.missing": "未上传",
} as const;
