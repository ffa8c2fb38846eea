import { h, render } from "preact";
import { describe, expect, it } from "vitest";
import { markdown, safeHref, tame } from "../shared/markdown";

function shown(source: string): HTMLElement {
  const element = document.createElement("div");
  render(h("div", null, ...markdown(source)), element);
  return element.firstElementChild as HTMLElement;
}

describe("markdown", () => {
  it("renders paragraphs, breaks, bold, lists and links", () => {
    const element = shown("退款**两小时**内到账。\n第二行\n\n- 一\n- **二**\n\n1. first\n2. second\n\n[说明](https://a.example/x)。");
    expect(element.querySelectorAll("p")).toHaveLength(2);
    expect(element.querySelector("br")).not.toBeNull();
    expect([...element.querySelectorAll("strong")].map((node) => node.textContent)).toEqual(["两小时", "二"]);
    expect([...element.querySelectorAll("ul li")].map((node) => node.textContent)).toEqual(["一", "二"]);
    expect([...element.querySelectorAll("ol li")].map((node) => node.textContent)).toEqual(["first", "second"]);
    expect(element.querySelector("a")?.outerHTML).toContain('rel="noopener noreferrer nofollow"');
    expect(element.textContent).toContain("说明。");
  });

  it("links bare addresses up to Chinese or closing punctuation", () => {
    const links = shown("见https://a.example/x?b=1,或(https://b.example)。End: https://c.example/.").querySelectorAll("a");
    expect([...links].map((link) => link.getAttribute("href"))).toEqual(["https://a.example/x?b=1", "https://b.example/", "https://c.example/"]);
  });

  it.each([
    "<img src=x onerror=alert(1)>",
    "<script>alert(1)</script>",
    "**<b onclick=alert(1)>x</b>**",
    "[<i>x</i>](https://a.example)",
  ])("keeps HTML as text: %s", (source) => {
    expect(shown(source).querySelector("img, script, b, i, [onclick], [onerror]")).toBeNull();
  });

  it.each(["javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x", "//evil.example", "/path", "file:///etc/passwd", "\u0001javascript:x"])(
    "refuses the address %s", (address) => {
      expect(safeHref(address)).toBeNull();
      expect(shown(`[click](${address})`).querySelector("a")).toBeNull();
    },
  );

  it.each(["https://a.example/", "http://a.example/", "mailto:service@lanyu.example", "tel:4008206178"])("allows %s", (address) => {
    expect(shown(`[click](${address})`).querySelector("a")?.getAttribute("href")).toBe(address);
  });

  it("cuts piles of combining marks but no ordinary ones", () => {
    expect(tame(`Z${"\u0300".repeat(100)}`)).toHaveLength(9);
    expect(tame("é ệ नमस्ते")).toBe("é ệ नमस्ते");
  });

  it("takes long hostile input in a moment", () => {
    const start = performance.now();
    for (const part of ["**a", "[", "[a](", "- ", "1. ", "*"]) markdown(part.repeat(8000 / part.length));
    expect(performance.now() - start).toBeLessThan(1000);
  });
});
