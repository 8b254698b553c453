"""Addresses that the guard must refuse, by the rule that refuses them, and the names that its tests resolve.

Written with escapes where signs look like others or are not seen at all.
"""

from __future__ import annotations

# Hosts, to be put between https:// and a path.
UNSAFE_HOSTS: dict[str, list[str]] = {
    "address": [
        "127.0.0.1", "127.0.0.2", "127.255.255.254", "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255",
        "100.64.0.1", "100.100.100.200", "100.127.255.255", "169.254.169.254", "169.254.170.2", "169.254.0.1",
        "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.192", "192.0.2.1", "192.31.196.1",
        "192.52.193.1", "192.88.99.1", "192.168.0.1", "192.168.255.255", "192.175.48.1", "198.18.0.1",
        "198.19.255.255", "198.51.100.7", "203.0.113.7", "224.0.0.1", "239.255.255.250", "240.0.0.1",
        "255.255.255.255", "168.63.129.16", "127.0.0.1.", "169.254.169.254.", "[::1]", "[::]",
        "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:169.254.169.254]",
        "[::ffff:10.0.0.1]", "[::ffff:8.8.8.8]", "[0:0:0:0:0:ffff:7f00:1]", "[::127.0.0.1]", "[::7f00:1]",
        "[::ffff:0:127.0.0.1]", "[::ffff:0:8.8.8.8]", "[64:ff9b::127.0.0.1]", "[64:ff9b::7f00:1]",
        "[64:ff9b::a9fe:a9fe]", "[64:ff9b::10.0.0.1]", "[64:ff9b:1::1]", "[64:ff9b:1::7f00:1]",
        "[2002:7f00:1::]", "[2002:7f00:1::1]", "[2002:a9fe:a9fe::1]", "[2002:c0a8:1::1]", "[2002:808:808::1]",
        "[2001::1]", "[2001:0:7f00:1::]", "[2001:0:4136:e378:8000:63bf:80ff:fffe]",
        "[2a00:1450::5efe:127.0.0.1]", "[2a00:1450::200:5efe:10.0.0.1]", "[2a00:1450:4001:800:0:5efe:c0a8:1]",
        "[fc00::1]", "[fd00::1]", "[fd00:ec2::254]", "[fdff:ffff::1]", "[fe80::1]", "[febf::1]", "[fec0::1]",
        "[feff::1]", "[ff00::1]", "[ff02::1]", "[ff0e::1]", "[2001:db8::1]", "[2001:db8:ffff::1]",
        "[3fff::1]", "[3fff:fff::1]", "[2001:2::1]", "[2001:10::1]", "[2001:20::1]", "[2001:1::1]",
        "[5f00::1]", "[100::1]", "[2620:4f:8000::1]", "[4000::1]", "[8000::1]", "[::2]", "[1::1]",
        "\uff11\uff12\uff17.\uff10.\uff10.\uff11", "\u2460\u2461\u2466.\u24ea.\u24ea.\u2460",
        "127\u30020\u30020\u30021", "127\uff0e0\uff0e0\uff0e1", "127\uff610\uff610\uff611",
        "169\u3002254\u3002169\u3002254", "loopback.brand.shop", "metadata.brand.shop", "private.brand.shop",
        "mixed.brand.shop", "mapped.brand.shop", "linklocal.brand.shop", "scoped.brand.shop",
        "127.0.0.1.nip.io", "LOOPBACK.Brand.Shop", "loopback.brand.shop.", "loopback\u3002brand\u3002shop",
        "loop\xadback.brand.shop", "\uff4c\uff4f\uff4f\uff50\uff42\uff41\uff43\uff4b.brand.shop",
        "multicast.brand.shop", "zero.brand.shop",
    ],
    "notation": [
        "2130706433", "0x7f000001", "017700000001", "0x7f.0.0.1", "0x7f.1", "127.1", "127.0.1", "0177.0.0.1",
        "0177.0.0.01", "127.0.0.0x1", "127.0.0.01", "0x7F.0x0.0x0.0x1", "127.000.000.001", "0", "1",
        "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "169.254.43518", "4294967295", "4294967296",
        "256.256.256.256", "1.1.1.1.1", "127.0.0.1.1", "0x", "1.0x", "1.1.1.256",
        "\uff12\uff11\uff13\uff10\uff17\uff10\uff16\uff14\uff13\uff13", "[::ffff:127.0.0.01]", "[1:2:3]",
        "[::1::1]", "[:]", "[::ffff:127.1]", "[fffff::1]", "brand.shop.127", "brand.shop;127.0.0.1",
    ],
    "name": [
        "localhost", "LOCALHOST", "localhost.", "foo.localhost", "redis", "postgres", "metadata",
        "metadata.google.internal", "instance-data.ec2.internal", "printer.local", "router.lan", "nas.home",
        "wiki.corp", "db.intranet", "x.localdomain", "1.0.0.127.in-addr.arpa", "router.home.arpa", "x.onion",
        "x.test", "x.invalid", "\u24dbocalhost", "kubernetes.default.svc.cluster.local",
    ],
    "host": [
        "[::1", "::1]", "::1", "[]", "[fe80::1%25eth0]", "[fe80::1%eth0]", "[::1]x", "x[::1]", "127.0.0.1%2f",
        "brand..shop", "..", ".", ".brand.shop", "brand.shop..", "-brand.shop", "brand-.shop", "bra$nd.shop",
        "brand.shop:", "brand.shop:abc", "brand.shop:443:443", "a" * 64 + ".shop", "a." * 127 + "a",
        "brand.shop:-443", "brand.shop:\uff14\uff14\uff13", "%6c%6f%63%61lhost", "127.0.0.1%00.brand.shop",
        "brand,shop", "\u202e127.0.0.1", "*.brand.shop", "[127.0.0.1]", "[8.8.8.8]", "127.0.0.1;brand.shop",
    ],
    "userinfo": [
        "cdn.brand.shop@127.0.0.1", "user:pw@cdn.brand.shop", "127.0.0.1@cdn.brand.shop", "@cdn.brand.shop",
        "cdn.brand.shop:443@127.0.0.1", "cdn.brand.shop%40@127.0.0.1", "a@b@127.0.0.1", ":@[::1]",
    ],
    "port": [
        "cdn.brand.shop:80", "cdn.brand.shop:22", "cdn.brand.shop:6379", "cdn.brand.shop:8443",
        "cdn.brand.shop:0", "cdn.brand.shop:65536", "cdn.brand.shop:99999", "127.0.0.1:8000", "[::1]:5432",
        "cdn.brand.shop:4430",
    ],
    "characters": [
        "cdn.brand.shop\\@127.0.0.1", "127.0.0.1\\", "cdn.brand.shop /", "cdn.brand.shop\t",
        "cdn.brand.shop\r\nHost: x", "cdn.brand.shop\n.127.0.0.1", "\x00127.0.0.1", "cdn.brand.shop\x7f",
        "\xa0127.0.0.1", "a" * 3000,
    ],
}  # fmt: skip

# Whole addresses, refused for their beginning.
UNSAFE_URLS: list[tuple[str, str]] = [
    ("http://cdn.brand.shop/x.png", "scheme"),
    ("http://127.0.0.1/", "scheme"),
    ("file:///etc/passwd", "scheme"),
    ("ftp://cdn.brand.shop/x.png", "scheme"),
    ("gopher://127.0.0.1:6379/_FLUSHALL", "scheme"),
    ("dict://127.0.0.1:11211/stat", "scheme"),
    ("data:image/png;base64,AAAA", "scheme"),
    ("javascript:alert(1)", "scheme"),
    ("ws://127.0.0.1/", "scheme"),
    ("jar:https://127.0.0.1!/", "scheme"),
    ("unix:///var/run/docker.sock", "scheme"),
    ("//127.0.0.1/", "scheme"),
    ("127.0.0.1", "scheme"),
    ("https:127.0.0.1", "scheme"),
    ("https:/127.0.0.1", "scheme"),
    ("https:///127.0.0.1", "scheme"),
    ("https://", "scheme"),
    ("https://?x", "scheme"),
    ("", "scheme"),
    (" https://127.0.0.1/", "characters"),
    ("https://127.0.0.1/ ", "characters"),
    ("https:\\\\127.0.0.1\\", "characters"),
    ("https://127.0.0.1#@cdn.brand.shop/", "address"),
    ("https://127.0.0.1?@cdn.brand.shop/", "address"),
    ("https://127.0.0.1/@cdn.brand.shop/", "address"),
    ("HTTPS://127.0.0.1/", "address"),
]

PUBLIC_ADDRESS = "93.184.215.14"

# What each name resolves to.
NAMES: dict[str, list[str]] = {
    "cdn.brand.shop": [PUBLIC_ADDRESS],
    "www.brand.shop": [PUBLIC_ADDRESS, "2606:2800:21f:cb07:6820:80da:af6b:8b2c"],
    "xn--mller-kva.shop": [PUBLIC_ADDRESS],
    "nat64.brand.shop": ["64:ff9b::5db8:d70e"],
    "loopback.brand.shop": ["127.0.0.1"],
    "metadata.brand.shop": ["169.254.169.254"],
    "private.brand.shop": ["192.168.1.10"],
    "mixed.brand.shop": [PUBLIC_ADDRESS, "10.0.0.1"],
    "mapped.brand.shop": ["::ffff:127.0.0.1"],
    "linklocal.brand.shop": ["fe80::1"],
    "scoped.brand.shop": ["2606:2800:21f::1%eth0"],
    "multicast.brand.shop": ["224.0.0.251"],
    "zero.brand.shop": ["0.0.0.0"],
    "127.0.0.1.nip.io": ["127.0.0.1"],
    "nowhere.brand.shop": [],
}
