"""Who may call each route: one line for every route of the gateway, whatever its situation.

A route is open to roles through a `Permission`, or it is one of the four other kinds below. Who adds a route adds its
line here; a route with an id in its path also needs one in MATRIX of test_access_matrix.py (or in ELSEWHERE, with the
test that shows what another tenant gets).
"""

from handoff_service.permissions import Permission as P

PUBLIC = "public"  # whoever
CUSTOMER = "customer"  # a visitor token
SIGNED_IN = "signed in"  # an agent of any role
EITHER = "a customer, or an agent who may read conversations"
SIGNED = "signed by somebody else's key"  # webhooks of platforms, the demo's host page, mounted pages

POLICY: dict[str, P | str] = {
    "GET /healthz": PUBLIC,
    "GET /readyz": PUBLIC,
    "GET /metrics": SIGNED,
    "MOUNT /widget": SIGNED,
    "MOUNT /console": SIGNED,
    "MOUNT /chat": SIGNED,
    "GET /v1/channels/{tenant}/{account}/webhook": SIGNED,
    "POST /v1/channels/{tenant}/{account}/webhook": SIGNED,
    "POST /v1/channels/{tenant}/{account}/webhook/mime": SIGNED,
    # Customers
    "POST /v1/widget/sessions": PUBLIC,
    "GET /v1/widget/config": PUBLIC,
    "GET /v1/widget/qr.svg": PUBLIC,
    "GET /v1/widget/articles": PUBLIC,
    "GET /v1/widget/articles/{article}": PUBLIC,
    "POST /v1/widget/attributes": CUSTOMER,
    "GET /help/{tenant}": PUBLIC,
    "GET /help/{tenant}/style.css": PUBLIC,
    "GET /help/{tenant}/sitemap.xml": PUBLIC,
    "GET /help/{tenant}/{language}/": PUBLIC,
    "GET /help/{tenant}/{language}/topics/{category:path}": PUBLIC,
    "GET /help/{tenant}/{language}/articles/{article}": PUBLIC,
    "GET /v1/widget/export": CUSTOMER,
    "POST /v1/widget/erase": CUSTOMER,
    "POST /v1/conversations/{conversation_id}/feedback": CUSTOMER,
    "POST /v1/conversations/{conversation_id}/rating": CUSTOMER,
    "POST /v1/conversations/{conversation_id}/ask-human": CUSTOMER,
    "POST /v1/conversations/{conversation_id}/solved": CUSTOMER,
    "POST /v1/conversations/{conversation_id}/leave-message": CUSTOMER,
    "POST /v1/conversations/{conversation_id}/leave-queue": CUSTOMER,
    "POST /v1/conversations/{conversation_id}/callback": CUSTOMER,
    "POST /v1/conversations/{conversation_id}/ask-senior": CUSTOMER,
    # Both sides
    "POST /v1/ws-ticket": EITHER,
    "GET /v1/conversations/{conversation_id}/entries": EITHER,
    "GET /v1/conversations/{conversation_id}/receipt": EITHER,
    "POST /v1/conversations/{conversation_id}/messages": EITHER,
    "POST /v1/conversations/{conversation_id}/files": EITHER,
    "GET /v1/files/{file_id}": EITHER,
    "GET /v1/shared/{tenant}/{file_id}": PUBLIC,
    # One's own account
    "POST /v1/agents/sign-in": PUBLIC,
    "POST /v1/agents/sign-out": SIGNED_IN,
    "GET /v1/agents/me": SIGNED_IN,
    "POST /v1/agents/me/presence": P.CONVERSATIONS_ANSWER,
    "POST /v1/agents/me/sign-off": P.CONVERSATIONS_ANSWER,
    # Conversations
    "GET /v1/conversations": P.CONVERSATIONS_READ,
    "GET /v1/conversations/{conversation_id}": P.CONVERSATIONS_READ,
    "GET /v1/handoffs/{handoff_id}": P.CONVERSATIONS_READ,
    "POST /v1/handoffs/{handoff_id}/accept": P.CONVERSATIONS_ANSWER,
    "POST /v1/handoffs/{handoff_id}/decline": P.CONVERSATIONS_ANSWER,
    "POST /v1/conversations/{conversation_id}/take-over": P.CONVERSATIONS_ANSWER,
    "POST /v1/conversations/{conversation_id}/transfer": P.CONVERSATIONS_ANSWER,
    "POST /v1/conversations/{conversation_id}/give-back": P.CONVERSATIONS_ANSWER,
    "POST /v1/conversations/{conversation_id}/close": P.CONVERSATIONS_ANSWER,
    "POST /v1/conversations/{conversation_id}/escalate": P.CONVERSATIONS_ANSWER,
    "POST /v1/conversations/{conversation_id}/join": P.CONVERSATIONS_SUPERVISE,
    "GET /v1/mentions": P.CONVERSATIONS_READ,
    "POST /v1/mentions/seen": P.CONVERSATIONS_READ,
    # Keeping
    "POST /v1/conversations/{conversation_id}/hold": P.PRIVACY,
    "POST /v1/contacts/{contact_id}/erase": P.PRIVACY,
    "GET /v1/jobs/{job_id}": P.PRIVACY,
    # Knowledge
    "GET /v1/knowledge/search": P.KNOWLEDGE_READ,
    "GET /v1/knowledge/articles": P.KNOWLEDGE_READ,
    "GET /v1/knowledge/categories": P.KNOWLEDGE_READ,
    "GET /v1/knowledge/articles/{article}/{language}": P.KNOWLEDGE_READ,
    "GET /v1/knowledge/articles/{article}/{language}/history": P.KNOWLEDGE_READ,
    "POST /v1/knowledge/try": P.KNOWLEDGE_READ,
    "POST /v1/knowledge/articles": P.KNOWLEDGE_DRAFT,
    "POST /v1/knowledge/articles/{article}/{language}": P.KNOWLEDGE_DRAFT,
    "POST /v1/knowledge/preview": P.KNOWLEDGE_DRAFT,
    "POST /v1/knowledge/articles/{article}/{language}/publish": P.KNOWLEDGE_DECIDE,
    "POST /v1/knowledge/articles/{article}/{language}/retire": P.KNOWLEDGE_DECIDE,
    "POST /v1/knowledge/articles/{article}/{language}/roll-back": P.KNOWLEDGE_DECIDE,
    "POST /v1/knowledge/articles/{article}/{language}/delete": P.KNOWLEDGE_DECIDE,
    "POST /v1/knowledge/review": P.KNOWLEDGE_DECIDE,
    "GET /v1/knowledge/gaps": P.KNOWLEDGE_READ,
    "GET /v1/knowledge/drafts": P.KNOWLEDGE_READ,
    "GET /v1/knowledge/drafts/{draft}": P.KNOWLEDGE_READ,
    "GET /v1/knowledge/golden": P.KNOWLEDGE_READ,
    "GET /v1/knowledge/tasks": P.KNOWLEDGE_READ,
    "POST /v1/knowledge/drafts": P.KNOWLEDGE_DRAFT,
    "POST /v1/knowledge/drafts/{draft}": P.KNOWLEDGE_DRAFT,
    "POST /v1/knowledge/drafts/{draft}/replay": P.KNOWLEDGE_DRAFT,
    "POST /v1/knowledge/drafts/{draft}/accept": P.KNOWLEDGE_DECIDE,
    "POST /v1/knowledge/drafts/{draft}/publish": P.KNOWLEDGE_DECIDE,
    "POST /v1/knowledge/drafts/{draft}/discard": P.KNOWLEDGE_DECIDE,
    "POST /v1/knowledge/golden": P.KNOWLEDGE_DECIDE,
    "POST /v1/knowledge/golden/{key}/drop": P.KNOWLEDGE_DECIDE,
    # The bot's training
    "GET /v1/training/messages": P.BOT_TRAIN,
    "GET /v1/training/lines": P.BOT_TRAIN,
    "GET /v1/training/models": P.BOT_TRAIN,
    "POST /v1/training/messages/collect": P.BOT_TRAIN,
    "POST /v1/training/messages/{message}/label": P.BOT_TRAIN,
    "POST /v1/training/messages/{message}/review": P.BOT_TRAIN,
    "POST /v1/training/messages/{message}/drop": P.BOT_TRAIN,
    "POST /v1/training/models/train": P.BOT_TRAIN,
    "POST /v1/training/models/live": P.BOT_TRAIN,
    "POST /v1/training/models/rollback": P.BOT_TRAIN,
    # Tickets
    "GET /v1/tickets": P.TICKETS_READ,
    "POST /v1/tickets/{ticket_id}/done": P.TICKETS_WORK,
    # Reports
    "POST /v1/conversations/{conversation_id}/tags": P.CONVERSATIONS_ANSWER,
    "POST /v1/conversations/{conversation_id}/put-aside": P.CONVERSATIONS_ANSWER,
    "POST /v1/conversations/{conversation_id}/bring-back": P.CONVERSATIONS_ANSWER,
    "GET /v1/contacts/{contact_id}/conversations": P.CONVERSATIONS_READ,
    "GET /v1/search": P.CONVERSATIONS_READ,
    "GET /v1/wall": P.CONVERSATIONS_SUPERVISE,
    "GET /api/reports/signals": P.REPORTS_READ,
}
