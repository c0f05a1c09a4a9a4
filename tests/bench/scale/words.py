"""What people in a hospital write and what things there are called, to be drawn from."""

FIRST = (
    "Alice", "Bruno", "Camille", "David", "Élodie", "Farid", "Gaëlle", "Hugo", "Inès", "Julien", "Karim", "Laure",
    "Mehdi", "Nadia", "Olivier", "Pauline", "Quentin", "Rachid", "Sophie", "Thomas", "Ursule", "Valérie", "Yasmine",
    "Zoé",
)  # fmt: skip
LAST = (
    "Martin", "Bernard", "Dubois", "Thomas", "Robert", "Richard", "Petit", "Durand", "Leroy", "Moreau", "Simon",
    "Laurent", "Lefebvre", "Michel", "Garcia", "Bertrand", "Roux", "Vincent", "Fournier", "Morel", "Girard", "André",
    "Mercier", "Dupont", "Lambert", "Bonnet", "Martinez", "Legrand", "Garnier", "Faure", "Rousseau", "Blanc", "Guérin",
    "Muller", "Henry", "Roussel", "Nicolas", "Perrin", "Morin", "Mathieu", "Clément", "Gauthier", "Dumont", "Lopez",
)  # fmt: skip
WARDS = ("Imagerie", "Radiothérapie", "Laboratoire", "Bloc opératoire", "Réanimation", "Urgences", "Cardiologie")
DEVICES = (
    ("Scanner", "Siemens", "Somatom Go"),
    ("IRM", "Philips", "Ingenia 3T"),
    ("Accélérateur", "Varian", "TrueBeam"),
    ("Automate d’hématologie", "Sysmex", "XN-2000"),
    ("Moniteur", "Mindray", "BeneVision N22"),
    ("Pousse-seringue", "Fresenius", "Agilia"),
    ("Échographe", "GE", "Vivid E95"),
    ("Autoclave", "Getinge", "GSS67"),
)
SIGNS = (
    "Bruit anormal sur", "Redémarrages répétés de", "Étalonnage demandé pour", "Alarme intermittente sur",
    "Mise à jour de", "Perte de connexion avec", "Dérive de mesure de", "Température trop haute sur",
)  # fmt: skip
PARTS = (
    "le compresseur hélium", "la console d’acquisition", "l’onduleur", "la pompe à réactifs", "le détecteur 12",
    "le tube", "la table motorisée", "le disque des images", "le poste de reconstruction", "le module de ventilation",
)  # fmt: skip
ACTIONS = (
    "lire les journaux", "remplacer la configuration", "contrôler la rotation", "installer le correctif",
    "vérifier les seuils", "relancer le service d’archivage", "mesurer la dérive", "exporter les compteurs",
)  # fmt: skip
