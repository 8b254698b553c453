"""What people mean when they send something back or write to the shop: causes, topics and urgency, told by words.

Words of English, French, German, Spanish, Italian, Dutch and Portuguese, as fashion shops get them. The first that fits
counts, so what is sure stands before what is vague.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache

NO_CAUSE, OTHER = "not said", "other"
CAUSES: Mapping[str, str] = {
    "damaged or faulty": r"damag|broken|faulty|defect|hole\b|torn|seam|zip(per)? |stain|kaputt|besch[ae]digt|defekt|"
    r"abim|cass[ée]|d[ée]chir|d[ée]fectueu|da[nñ]ad|roto\b|rotto|difett|kapot|beschadigd|estragad|poor quality|mangel",
    "wrong item": r"wrong (item|colou?r|size|product)|not what i ordered|falsch|mauvais (article|produit)|erreur de (commande|taille)|"
    r"equivocad|sbagliat|verkeerd",
    "too small": r"too (small|tight|short|narrow)|runs small|size up|zu (klein|eng|kurz)|trop (petit|serr|court)|pequen|"
    r"apretad|troppo (piccol|strett)|te klein|muito pequen|larger size",
    "too large": r"too (large|big|long|wide|loose)|runs (large|big)|size down|zu (gro(ss|ß)|weit|lang)|trop (grand|large|long)|"
    r"grande\b|troppo (grande|largo)|te groot|smaller size",
    "did not fit": r"\bfit\b|\bfits\b|fit me|size\b|sizing|passt nicht|gr[oö](ss|ß)e|taille|talla|taglia|maat\b|tamanho",
    "not as shown": r"not as (pictured|described|shown|advertised)|colou?r|looks? different|anders als|wie abgebildet|"
    r"conforme|diff[ée]rent|distint|diverso",
    "too late": r"too late|late for|arriv\w+ late|delay|never arrived|not (received|arrived)|zu sp[aä]t|versp[aä]t|retard|"
    r"trop tard|tarde\b|ritardo|te laat",
    "changed mind": r"chang\w+ (my|his|her|their) mind|no longer (need|want)|don.?t (need|want|like)|ordered (twice|by mistake)|"
    r"gef[aä]llt (mir )?nicht|ne (me )?pla[iî]t pas|chang[ée] d.avis|no me gusta|cambi\w+ de (idea|opini)|non mi piace",
}
FULL = re.compile(r"order fully refunded", re.IGNORECASE)
"""What WooCommerce itself writes when an order's status is set to refunded."""

TOPICS: Mapping[str, str] = {
    "refund and return": r"refund|return(s|ed|ing)?\b|send (it )?back|money back|exchange|r[üu]ck(gabe|send|erstatt)|retour|"
    r"rembours|[ée]chang|devol|reembols|reso\b|rimbors|retour|terug",
    "damaged or wrong item": r"damag|broken|faulty|defect|torn|wrong (item|colou?r|size|product)|missing (item|piece)|kaputt|"
    r"besch[aä]digt|abim|d[ée]fectueu|roto\b|rotto|kapot",
    "delivery": r"deliver|shipp|parcel|package|track|courier|arriv|customs|liefer|paket|sendung|livraison|colis|suivi|"
    r"entrega|env[ií]o|paquete|consegna|pacco|spedizion|bezorg|levering",
    "payment": r"payment|paid|pay\b|charged|card|invoice|paypal|klarna|declin|zahlung|rechnung|paiement|factur|pago|cobr|pagament|"
    r"fattur|betal",
    "size and fit": r"\bsiz(e|es|ing)\b|\bfit(s|ting)?\b|measure|gr[oö](ss|ß)e|passform|taille|talla|taglia|maat\b|tamanho",
    "discount": r"discount|coupon|voucher|promo|code\b|gutschein|rabatt|r[ée]duction|bon d|cup[oó]n|descuent|sconto|korting",
    "order change": r"cancel|change (my )?(order|address)|wrong address|stornier|[aä]ndern|annul|modifier|cancelar|modific",
    "stock": r"(back )?in stock|restock|sold out|available|availab|wieder (da|verf[uü]gbar)|dispo|agotad|disponib|uitverkocht",
    "account": r"log ?in|password|account|newsletter|unsubscrib|passwort|konto|mot de passe|compte|contrase|cuenta",
    "product question": r"material|fabric|wash|care|cotton|wool|silk|vegan|leather|made (of|in)|stoff|tissu|mati[eè]re|tela|tessuto",
    "press and partners": r"press\b|influencer|collab|wholesale|partner|stockist|magazine|presse|mayorista",
}
URGENT: Mapping[str, str] = {
    "legal threat": r"lawyer|solicitor|legal action|attorney|anwalt|avocat|abogado|avvocato|consumer protection|ombudsman|gdpr",
    "chargeback": r"chargeback|dispute (the|with)|reported? (it )?to (my|the) bank|scam|fraud|betrug|arnaque|estafa|truffa",
    "needed by a date": r"wedding|birthday|tomorrow|tonight|by (monday|tuesday|wednesday|thursday|friday|saturday|sunday)|hochzeit|"
    r"morgen\b|mariage|demain|boda|ma[nñ]ana|matrimonio|domani",
    "charged twice": r"(charged|billed|debited|paid) (me )?(twice|two times|double)|doppelt abgebucht|deux fois|dos veces|due volte",
    "asked before": r"(second|third|2nd|3rd|fourth) (time|e-?mail|message)|still (no|waiting|haven)|no (answer|reply|response)|"
    r"keine antwort|toujours pas|sans r[ée]ponse|sin respuesta|nessuna risposta|again\b.*\bwrit",
    "allergy or injury": r"allerg|rash\b|injur|burn(t|ed)|ausschlag|verletz|bless|alergi",
    "said so": r"urgent|asap|immediately|dringend|sofort|imm[ée]diatement|urgente",
}
CALM = r"no (rush|hurry)|whenever you|just (wondering|curious)|thank you so much|love (it|my|the)|newsletter|unsubscrib"


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


def cause_of(reason: str) -> str:
    """Why something came back, by what was written."""
    if not reason.strip() or FULL.search(reason):
        return NO_CAUSE
    return _first(CAUSES, reason)


def topic_of(text: str, subject: str = "") -> str:
    """What a message is about; its subject goes first."""
    found = _first(TOPICS, subject) if subject else OTHER
    return found if found != OTHER else _first(TOPICS, text)


def signs_of(text: str) -> list[str]:
    """What makes a message urgent."""
    return [name for name, pattern in URGENT.items() if _compiled(pattern).search(_plain(text))]


def calm(text: str) -> bool:
    return bool(_compiled(CALM).search(_plain(text)))


def _first(table: Mapping[str, str], text: str) -> str:
    plain = _plain(text)
    return next((name for name, pattern in table.items() if _compiled(pattern).search(plain)), OTHER)


def _plain(text: str) -> str:
    """As it is matched: one form of each letter, one kind of apostrophe and space."""
    return " ".join(unicodedata.normalize("NFKC", text).replace("’", "'").split())
