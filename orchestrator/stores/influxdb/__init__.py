"""Requests in InfluxDB 2: one wide point each, read back to the last digit."""
