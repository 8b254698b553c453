"""WooCommerce: products and their variations, stock, orders, refunds, customers, coupons, reports."""
